/// \file
/// `sleep(duration)` and `sleep_until(moment)`: futures that are Ready at a moment, and never before.
///
/// The deadline counts from the call, not from the first poll. So two sleeps that are made one after the other run side by
/// side. Dropping a Sleep removes its timer.
///
/// Source: `tokio::time::sleep`.
#pragma once

#include <rt/budget.hpp>
#include <rt/clock.hpp>  // IWYU pragma: export
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <rt/todo.hpp>
#include <rt/waker.hpp>

#include <chrono>
#include <type_traits>
#include <utility>

namespace rt {

class [[nodiscard("a Sleep does nothing until it is polled. Await it.")]] Sleep {
  public:
    using Output = void;

    /// If `moves_clock`, a paused clock goes to `deadline` on behalf of this sleep (time.hpp).
    explicit Sleep(Instant deadline, bool moves_clock = false) noexcept : deadline_(deadline), timer_(moves_clock) {}
    Sleep(Sleep&&) noexcept = default;
    Sleep& operator=(Sleep&&) = delete;  // Nothing is assigned to a Sleep. Call reset instead.
    ~Sleep() {
        // TODO(14.3) The timer is destroyed now, so no heap may point to it any more.
        todo("14.3 remove the timer of a dropped sleep");
    }

    Poll<void> poll(Context& cx) {
        contract_.begin("sleep");
        // A task without budget is refused here, as at a socket. So no timeout ends while the read in it is refused.
        if (poll_elapsed(cx).is_pending() || !share_.poll_proceed(cx)) {
            return contract_.pending();
        }
        budget::spend();
        timer_.clear();
        return Ready();
    }

    // Given: changes the deadline. A task that waits is woken at the new one. After Ready, the sleep may be polled again.
    void reset(Instant deadline) {
        deadline_ = deadline;
        if (timer_.is_waiting()) {
            if (Waker waker = timer_.timers().cancel(timer_)) {
                timer_.timers().set(timer_, deadline, std::move(waker));
                return;
            }
        }
        if (timer_.has_fired()) {
            timer_.clear();  // the task has been woken, and its next poll sets the timer
        } else {
            contract_ = Contract();
        }
    }
    /// The moment at which it is Ready.
    Instant deadline() const noexcept { return deadline_; }

  private:
    /// Ready if the deadline has passed. Otherwise the timer wakes the task. The first poll sets the timer, in the
    /// current runtime.
    Poll<void> poll_elapsed(Context& cx) {
        // TODO(14.3) Use the state of the timer. The first poll finds the timers of its runtime by
        // `current("sleep").service<Timers>()`. Each Pending leaves the newest waker with the timer.
        todo("14.3 poll the sleep", cx);
    }

    // Given: a sleep that moves the clock sets its timer all the same, so that `advance(0s)` lets all tasks run.
    bool has_passed(const Timers& timers) const noexcept {
        return timers.has_passed(deadline_) && !timer_.moves_clock();
    }

    [[no_unique_address]] Contract contract_;
    Instant deadline_;
    [[no_unique_address]] Timer timer_;  // share_ fits into its padding
    budget::Share share_;
};

/// A future that is Ready when `duration` has passed from now on, or at once if it is not positive.
template <class Rep, class Period>
Sleep sleep(std::chrono::duration<Rep, Period> duration) noexcept {
    return Sleep(time::later(time::now(), duration));
}

/// A future that is Ready at `deadline`, or at once if that has passed. Instant::max() never comes.
inline Sleep sleep_until(Instant deadline) noexcept { return Sleep(deadline); }

// Given: advice for a bare number.
template <class T>
    requires std::is_arithmetic_v<T>
void sleep(T) {
    static_assert(
        !std::is_arithmetic_v<T>,
        "sleep was called with a number that has no unit. Write sleep(1s) or sleep(std::chrono::seconds(1)).");
}

}  // namespace rt
