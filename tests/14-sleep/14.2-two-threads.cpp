/// \file
/// 14.2: another thread sets a timer while the runtime really sleeps.
#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/park.hpp>
#include <rt/sys.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <optional>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// A runtime whose thread sleeps until `last` has fired.
class Sleeper {
  public:
    Sleeper() { runtime_.park().park(rt::no_wait); }  // takes the token that the timers left when they were made

    /// The runtime's thread sleeps until `last` has fired. Meanwhile this thread does `other_thread`.
    template <class OtherThread>
    void sleep_until_fired(rt::Timer& last, OtherThread other_thread) {
        TestThread sleeper([&] {
            while (!last.has_fired()) {
                runtime_.park().park(std::nullopt);
            }
        });
        log.wait_for(TraceLog::Kind::park, 1);
        other_thread();
    }

  private:
    rt::CurrentThread runtime_;

  public:
    rt::Timers& timers = runtime_.service<rt::Timers>();
    TraceLog log;
};

}  // namespace

TEST_SUITE("14.2 a sleep that ends in time") {
    TEST_CASE("a second is not an hour when another thread sets the timer") {
        rt::Timer in_an_hour;
        rt::Timer soon;
        Sleeper sleeper;
        CountingWaker waker;
        sleeper.timers.set(in_an_hour, rt::sys::now() + 1h, rt::Waker::noop());
        sleeper.sleep_until_fired(soon, [&] {
            step("the runtime sleeps for an hour, and another thread sets a timer that is due now");
            sleeper.timers.set(soon, rt::sys::now(), waker.waker());
        });
        CHECK(sleeper.log.count(TraceLog::Kind::unpark) == 1);
        CHECK(waker.wakes() == 1);
        CHECK(in_an_hour.is_waiting());
    }

    TEST_CASE("a waiting timer that is moved forward from another thread ends the sleep") {
        rt::Timer timer;
        Sleeper sleeper;
        CountingWaker waker;
        sleeper.timers.set(timer, rt::sys::now() + 1h, waker.waker());
        sleeper.sleep_until_fired(timer, [&] {
            step("another thread sleeps for an hour: the timer is moved to now");
            sleeper.timers.cancel(timer);
            sleeper.timers.set(timer, rt::sys::now(), waker.waker());
        });
        CHECK(waker.wakes() == 1);
    }

    TEST_CASE("a sleep on a real clock ends by itself and not before the timer") {
        rt::Timer timer;
        rt::CurrentThread runtime;
        auto& timers = runtime.service<rt::Timers>();
        CountingWaker waker;
        rt::Instant const deadline = rt::sys::now() + 1500us;
        timers.set(timer, deadline, waker.waker());
        step("sleep for 1.5 ms");
        while (!timer.has_fired()) {
            runtime.park().park(std::nullopt);
        }
        CHECK(rt::sys::now() >= deadline);
        CHECK(waker.wakes() == 1);
    }
}
