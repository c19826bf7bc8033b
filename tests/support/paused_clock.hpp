/// \file
/// `PausedClock`: a runtime whose clock moves only when the test moves it. For lesson 14 and later.
///
///     PausedClock clock;                              // a runtime, current on this thread, with its clock paused
///     auto nap = spawn_mock("the nap", rt::sleep(1s));
///     CHECK(nap.poll() == Pending);
///     clock.advance(1s);
///     CHECK(nap.is_woken());
///
/// `run_paused(future)` runs a whole future on a runtime of its own with such a clock.
#pragma once

#include <rt/clock.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/time.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <rt/waker.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace support {

/// See the top of the file.
class PausedClock {
  public:
    PausedClock() : entered_(runtime_) {
        rt::time::pause();
        start_ = now();
    }
    PausedClock(const PausedClock&) = delete;
    PausedClock& operator=(const PausedClock&) = delete;

    /// Lets the idle runtime sleep once. Its clock jumps to the next timer.
    void jump() {
        step("the runtime is idle");
        runtime_.park().park(std::nullopt);
    }

    /// Moves the clock, timer by timer.
    template <class Rep, class Period>
    void advance(std::chrono::duration<Rep, Period> duration) {
        step("advance the clock by {} s", std::chrono::duration<double>(duration).count());
        rt::Timer goal(
            true);  // as in `rt::time::advance`, but without a Sleep, which a learner may not have written yet
        service().set(goal, rt::time::later(now(), duration), rt::Waker::noop());
        while (goal.is_waiting()) {
            still_alive();
            runtime_.park().park(std::nullopt);
        }
    }

    rt::Instant now() const { return rt::time::now(); }
    /// How far the clock has moved since the beginning.
    rt::Instant::duration elapsed() const { return now() - start_; }
    /// How many timers are set.
    std::size_t timers() { return service().size(); }

    rt::CurrentThread& runtime() noexcept { return runtime_; }
    rt::Timers& service() { return runtime_.service<rt::Timers>(); }

  private:
    rt::CurrentThread runtime_;
    rt::EnterScheduler entered_;
    rt::Instant start_;
};

/// Runs `future` to its end on a runtime whose clock is paused before the first poll.
template <rt::Future F>
rt::OutputOf<F> run_paused(F future) {
    rt::CurrentThread runtime;
    auto paused = [inner = std::move(future), first = true](rt::Context& cx) mutable {
        if (std::exchange(first, false)) {
            rt::time::pause();
        }
        return inner.poll(cx);
    };
    return runtime.block_on(rt::poll_fn(std::move(paused)));
}

}  // namespace support
