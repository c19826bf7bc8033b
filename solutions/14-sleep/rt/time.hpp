/// Given: on a paused clock, a test doesn't wait for real time. You use `pause` and `advance` in tests.
/// \file
/// `sleep`, `interval`, and `rt::time`, the clock that they go by, which a test can pause and move.
///
/// Whenever the runtime has nothing to do, a paused clock jumps to the next timer. So a test of an hour's sleep ends at once,
/// and every timer fires in order and at its moment. While a blocking job is under way the clock does not jump by itself,
/// because the job may end at any time.
///
/// A task that waits for a socket does not hold the clock up. Most such tasks wait for bytes that another task sends after
/// a sleep, so a clock that waited for them would stand still forever. But then a timeout of an hour around a read from
/// another process fires at once. Test such code with streams in memory, or on a running clock.
///
/// Source: `tokio::time::{pause, advance}`.
#pragma once

#include <rt/clock.hpp>
#include <rt/interval.hpp>
#include <rt/scheduler.hpp>
#include <rt/sleep.hpp>
#include <rt/timers.hpp>
#include <rt/violation.hpp>

#include <chrono>

namespace rt::time {

/// Stops the clock of the current runtime, which must have one thread. Called at the top of a test.
inline void pause() {
    Scheduler& scheduler = current("rt::time::pause");
    if (scheduler.is_multi_threaded()) {
        violation(
            "the clock of a multi_thread runtime can't be paused, because no thread can tell that all others are idle. Use "
            "a current_thread runtime.",
            "rt::time::pause");
    }
    scheduler.service<Timers>().pause();
}

/// Moves the paused clock by `duration`. It goes from timer to timer, fires each at its moment, and lets the tasks run until all
/// wait. Ready when the clock is there and all tasks wait again, so `advance(0s)` lets all tasks run. Blocking jobs do not hold
/// it up.
template <class Rep, class Period>
Sleep advance(std::chrono::duration<Rep, Period> duration) noexcept {
    Timers& timers = current("rt::time::advance").service<Timers>();
    if (!timers.is_paused()) {
        violation("rt::time::advance was called while the clock runs. Call rt::time::pause first.");
    }
    return Sleep(later(timers.now(), duration), true);
}

}  // namespace rt::time
