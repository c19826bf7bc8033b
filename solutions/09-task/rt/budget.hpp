/// \file
/// Given: the budget, which bounds what a task takes in one poll. Runtimes call `refill`, and each source has a `Share`.
///
/// A loop over a socket that always has bytes would never be Pending, and its task would keep the thread. So everything
/// that yields results (sockets, timers, channels, handles) asks `poll_proceed` first. After `per_poll` results in one
/// poll of the task, `poll_proceed` refuses the source and wakes the task, and the source returns Pending.
///
/// The budget belongs to the whole task. If nothing else counted, the first child of a join could use it up in each
/// poll, and the second child would be refused each time. So this header makes two promises. They hold for every
/// combinator, in whatever order it polls, even if a user wrote it:
///
///   - A task takes at most `per_poll` results in one poll, and one more from each source that was refused before.
///   - A source that was refused is not refused in the next poll of its task. So a child whose source has results gets
///     one in every second poll at least, however much the others take.
///
/// Two things are not promised. A loop around `select(biased, …)` drops the later branches if the first one is ready
/// each time. And outside of a runtime there is no limit, so a child that is always ready keeps its thread.
///
/// Source: Tokio's cooperative budget. Tokio lets `join!` begin with another branch in each poll instead (tokio#4624).
/// Then a combinator that a user writes can still starve a child.
#pragma once

#include <rt/waker.hpp>

#include <cstdint>
#include <limits>
#include <utility>

namespace rt::budget {

/// Results that one poll of a task may take.
inline constexpr std::uint64_t per_poll = 128;

namespace detail {
inline constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();
inline constinit thread_local std::uint64_t left = unlimited;
inline constinit thread_local std::uint16_t poll_number = 0;  // counts the polls of this thread, and wraps
}  // namespace detail

/// Called by a runtime before it polls a task.
inline void refill() noexcept {
    detail::left = per_poll;
    ++detail::poll_number;
}
/// Called by a runtime when it returns to ordinary code, which has no limit.
inline void lift() noexcept { detail::left = detail::unlimited; }

/// Called by a source for each result that it returns, exceptions included.
inline void spend() noexcept {
    if (detail::left != 0) {
        --detail::left;
    }
}

/// A source's right to one result in the poll after the one that refused it. The source has a Share for each task that
/// may wait for it.
///
/// A task that changes threads may meet the same poll number on the new thread. Then its source is refused once more.
class Share {
  public:
    /// True if the caller may take a result. If not, this call has woken the task, and the caller must return Pending.
    /// Called at the top of the source's poll.
    [[nodiscard]] bool poll_proceed(Context& cx) noexcept {
        if (detail::left != 0) {
            return true;
        }
        std::uint16_t const refused = std::exchange(refused_in_, detail::poll_number);
        if (refused != 0 && refused != detail::poll_number) {
            refused_in_ = 0;
            return true;
        }
        cx.waker().wake_by_ref();
        return false;
    }

  private:
    std::uint16_t refused_in_ = 0;  // the number of the poll that refused the source, or 0
};

}  // namespace rt::budget
