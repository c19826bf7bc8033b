/// \file
/// The budget of a poll: how much a task may take before others have their turn.
///
/// A socket that always has bytes, a channel that is always full: a loop over it would never be Pending, and its task would
/// never give the thread up. So every future that waits for such a source asks for budget first, and after so many
/// results in one poll says Pending once, having woken itself. Runtimes refill the budget before every poll of a task;
/// outside of one it does not end.
///
/// Source of the idea: Tokio's cooperative budget.
#pragma once

#include <rt/waker.hpp>

#include <cstdint>
#include <limits>

namespace rt::budget {

/// Results that one poll of a task may take from always-ready sources.
inline constexpr std::uint64_t per_poll = 128;

namespace detail {
inline constexpr std::uint64_t without_end = std::numeric_limits<std::uint64_t>::max();
inline constinit thread_local std::uint64_t left = without_end;
}  // namespace detail

/// Called by a runtime before it polls a task.
inline void refill() noexcept { detail::left = per_poll; }
/// Called by a runtime when it returns to ordinary code.
inline void lift() noexcept { detail::left = detail::without_end; }

/// True if something may be taken. If not, the task has been woken: the caller returns Pending, and its turn comes again.
/// Called by leaves (sockets, channels) at the top of their poll.
[[nodiscard]] inline bool has_some(Context& cx) noexcept {
    if (detail::left != 0) {
        return true;
    }
    cx.waker().wake_by_ref();
    return false;
}

/// Called by leaves for each result they hand out.
inline void spend() noexcept {
    if (detail::left != 0) {
        --detail::left;
    }
}

}  // namespace rt::budget
