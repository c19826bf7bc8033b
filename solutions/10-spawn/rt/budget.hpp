/// \file
/// Given: how much a task may take in one poll before other tasks get their turn. Runtimes call `refill`.
///
/// A loop over a socket that always has bytes would never be Pending, and its task would keep the thread. So each such
/// source asks `poll_proceed` first. After `per_poll` results the source wakes its own task and is Pending once.
///
/// Source: Tokio's cooperative budget.
#pragma once

#include <rt/waker.hpp>

#include <cstdint>
#include <limits>

namespace rt::budget {

/// Results that one poll of a task may take.
inline constexpr std::uint64_t per_poll = 128;

namespace detail {
inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
inline constinit thread_local std::uint64_t left = unlimited;
}  // namespace detail

/// Called by a runtime before it polls a task.
inline void refill() noexcept { detail::left = per_poll; }
/// Called by a runtime when it returns to ordinary code, which has no limit.
inline void lift() noexcept { detail::left = detail::unlimited; }

/// True if the caller may take a result. If not, the task has been woken, and the caller returns Pending. Called by
/// sockets, timers, and channels at the top of their poll.
[[nodiscard]] inline bool poll_proceed(Context& cx) noexcept {
    if (detail::left != 0) {
        return true;
    }
    cx.waker().wake_by_ref();
    return false;
}

/// Called by the same for each result that they return.
inline void spend() noexcept {
    if (detail::left != 0) {
        --detail::left;
    }
}

}  // namespace rt::budget
