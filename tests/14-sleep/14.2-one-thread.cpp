/// \file
/// 14.2: how long the runtime sleeps. The Park below doesn't really sleep. While it seems to sleep, the test does what another
/// thread would do.
#include "stepped_timers.hpp"

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/sys.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <array>
#include <chrono>
#include <optional>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// When the last look of the runtime began: the latest moment that has passed for the timers.
rt::Instant last_look(const rt::SteppedTimers& timers) {
    rt::Instant passed = rt::sys::now() - 1min;
    for (rt::Instant ahead = rt::sys::now() + 1min; ahead - passed > 1ns;) {
        rt::Instant const middle = passed + (ahead - passed) / 2;
        (timers.has_passed(middle) ? passed : ahead) = middle;
    }
    return passed;
}

}  // namespace

TEST_SUITE("14.2 a sleep that ends in time") {
    TEST_CASE("without a timer the sleep has no end") {
        TimersUnderTest runtime;
        runtime.below.calls.clear();
        step("the runtime sleeps");
        runtime.park();
        CHECK(runtime.below.calls == "without end, ");
    }

    TEST_CASE("the sleep ends with the earliest of deadline and timers") {
        std::array<Timer, 2> timer;
        TimersUnderTest runtime;
        rt::Instant const start = runtime.below.start;
        step("set a timer in 2 h and one in 1 h");
        runtime.timers.set(timer[0], start + 2h, rt::Waker::noop());
        runtime.timers.set(timer[1], start + 1h, rt::Waker::noop());
        runtime.below.calls.clear();
        step("sleep without end, for 30 min, for 90 min, and look around");
        runtime.park();
        runtime.park(start + 30min);
        runtime.park(start + 90min);
        runtime.park(rt::no_wait);
        step("cancel the earlier timer, and sleep without end");
        runtime.timers.cancel(timer[1]);
        runtime.park();
        CHECK(runtime.below.calls == "3600 s, 1800 s, 3600 s, no wait, 7200 s, ");
        CHECK(runtime.timers.next_deadline() == start + 2h);
        runtime.timers.cancel(timer[0]);
        CHECK(runtime.timers.next_deadline() == std::nullopt);
    }

    TEST_CASE("timers within a millisecond share a sleep") {
        std::array<Timer, 4> timer;
        TimersUnderTest runtime;
        rt::Instant const second = runtime.below.start + 1s;
        step("set timers at a full second, a nanosecond and a millisecond after it, and at the end of all time");
        runtime.timers.set(timer[0], second + 1ms, rt::Waker::noop());
        runtime.timers.set(timer[1], second + 1ns, rt::Waker::noop());
        runtime.timers.set(timer[2], rt::Instant::max() - 1ns, rt::Waker::noop());
        runtime.below.calls.clear();
        runtime.park();
        runtime.timers.cancel(timer[1]);
        runtime.park();
        runtime.timers.set(timer[3], second, rt::Waker::noop());
        runtime.park();
        CHECK_MESSAGE(runtime.below.calls == "1.001 s, 1.001 s, 1 s, ",
                      "a sleep for a timer ends at a full millisecond");
        step("a deadline that is not a timer's is passed on as it is");
        runtime.below.calls.clear();
        runtime.park(runtime.below.start + 500us);
        CHECK(runtime.below.calls == "0.0005 s, ");
    }

    TEST_CASE("a timer that is due lets nobody sleep") {
        Timer timer;
        TimersUnderTest runtime;
        CountingWaker sleeper;
        rt::Instant deadline;
        rt::Instant slept_at;
        do {  // until the runtime sleeps in the same millisecond, which is nearly always at once
            deadline = rt::sys::now();
            step("set a timer that is due now, and let the runtime sleep");
            runtime.timers.set(timer, deadline, sleeper.waker());
            runtime.below.while_asleep = [&] { slept_at = rt::sys::now(); };
            runtime.park();
            CHECK(timer.has_fired());
            timer.clear();
        } while (slept_at >= std::chrono::ceil<std::chrono::milliseconds>(deadline));
        CHECK_MESSAGE(runtime.below.sleeps_until <= deadline, "the timer was due when the runtime began to sleep");
    }

    TEST_CASE("a timer that is due at the very moment of the look lets nobody sleep") {
        Timer timer;
        TimersUnderTest runtime;
        step("the Park below has reported a part of what is ready");
        runtime.park();
        runtime.below.more = true;
        step("set a timer for the moment when this look began, and look again");
        runtime.timers.set(timer, last_look(runtime.timers), rt::Waker::noop());
        runtime.below.calls.clear();
        runtime.park();
        CHECK_MESSAGE(runtime.below.calls == "no wait, ", "a timer is due at `due_`, and not only before it");
    }

    TEST_CASE("a Park below that comes back too soon makes no timer early") {
        Timer timer;
        TimersUnderTest runtime;
        CountingWaker sleeper;
        runtime.timers.set(timer, rt::sys::now() + 1h, sleeper.waker());
        step("three sleeps end at once");
        for (int i = 0; i < 3; ++i) {
            runtime.park();
        }
        CHECK(sleeper.wakes() == 0);
        CHECK(timer.is_waiting());
    }

    TEST_CASE("an earlier timer ends the sleep") {
        std::array<Timer, 2> timer;
        TimersUnderTest runtime;
        runtime.timers.set(timer[0], runtime.below.start + 1h, rt::Waker::noop());
        runtime.below.unparks = 0;
        runtime.below.while_asleep = [&] {
            step("the runtime sleeps for an hour. Another thread sets a timer in a second");
            runtime.timers.set(timer[1], runtime.below.start + 1s, rt::Waker::noop());
        };
        runtime.park();
        CHECK_MESSAGE(runtime.below.unparks == 1, "the runtime sleeps for an hour, and the new timer fires too late");
    }

    TEST_CASE("the first timer of all ends a sleep without an end") {
        Timer timer;
        TimersUnderTest runtime;
        runtime.below.unparks = 0;
        runtime.below.while_asleep = [&] {
            step("the runtime sleeps without end. Another thread sets a timer in an hour");
            runtime.timers.set(timer, runtime.below.start + 1h, rt::Waker::noop());
        };
        runtime.park();
        CHECK_MESSAGE(runtime.below.unparks == 1, "no timer was set, so nothing but an unpark ends this sleep");
    }

    TEST_CASE("a later timer does not end the sleep") {
        std::array<Timer, 4> timer;
        TimersUnderTest runtime;
        rt::Instant const first = runtime.below.start + 1h + 200us;
        runtime.timers.set(timer[0], first, rt::Waker::noop());
        runtime.below.unparks = 0;
        runtime.below.while_asleep = [&] {
            step("the runtime sleeps for an hour. Another thread sets a timer in two hours");
            runtime.timers.set(timer[1], first + 1h, rt::Waker::noop());
            step("it sets one that is due together with the first one, and one that is due half a millisecond later");
            runtime.timers.set(timer[2], first, rt::Waker::noop());
            runtime.timers.set(timer[3], first + 500us, rt::Waker::noop());
        };
        runtime.park();
        CHECK_MESSAGE(
            runtime.below.unparks == 0,
            "the thread wakes up in time by itself. An unpark is a system call, so leave it out unless the new timer "
            "is earlier than the first one.");
    }

    TEST_CASE("one sleep is ended once") {
        std::array<Timer, 3> timer;
        TimersUnderTest runtime;
        runtime.timers.set(timer[0], runtime.below.start + 1h, rt::Waker::noop());
        runtime.below.unparks = 0;
        runtime.below.while_asleep = [&] {
            step("the runtime sleeps for an hour. Another thread sets timers in 10 s and in 20 s");
            runtime.timers.set(timer[1], runtime.below.start + 10s, rt::Waker::noop());
            runtime.timers.set(timer[2], runtime.below.start + 20s, rt::Waker::noop());
        };
        runtime.park();
        CHECK_MESSAGE(runtime.below.unparks == 1,
                      "the first unpark has ended this sleep, so the second one is for nothing");
    }

    TEST_CASE("two threads that set timers end one sleep once") {
        std::array<Timer, 3> timer;
        TimersUnderTest runtime;
        runtime.timers.set(timer[0], runtime.below.start + 1h, rt::Waker::noop());
        runtime.below.unparks = 0;
        runtime.below.while_asleep = [&] {
            after_unlock = [&] {
                if (!timer[2].is_waiting()) {
                    step("when that thread releases the lock, a third thread sets a timer in 20 s");
                    runtime.timers.set(timer[2], runtime.below.start + 20s, rt::Waker::noop());
                }
            };
            step("the runtime sleeps for an hour. Another thread sets a timer in 10 s");
            runtime.timers.set(timer[1], runtime.below.start + 10s, rt::Waker::noop());
        };
        runtime.park();
        after_unlock = nullptr;
        CHECK_MESSAGE(
            runtime.below.unparks == 1,
            "the first thread released the lock before it had changed `wakes_at_`, so the second one saw the old value. "
            "Change it under the lock.");
    }

    TEST_CASE("a timer that is set just before the sleep ends it") {
        for (int moment = 1; moment <= 3; ++moment) {
            std::array<Timer, 2> timer;
            TimersUnderTest runtime;
            rt::Instant const early = runtime.below.start + 1s;
            runtime.timers.set(timer[0], runtime.below.start + 1h, rt::Waker::noop());
            runtime.below.unparks = 0;
            int unlocks = 0;
            bool sleeps_too_long = false;
            after_unlock = [&] {
                if (++unlocks == moment) {
                    step("when the lock is released for the {}. time, another thread sets a timer in a second", moment);
                    runtime.timers.set(timer[1], early, rt::Waker::noop());
                }
            };
            runtime.below.while_asleep = [&] {
                sleeps_too_long =
                    timer[1].is_waiting() && runtime.below.sleeps_until > early && runtime.below.unparks == 0;
            };
            step("the runtime begins to sleep for an hour");
            runtime.park();
            after_unlock = nullptr;
            CHECK_MESSAGE(!sleeps_too_long,
                          "the timer came between the look at the heap and the sleep. Keep both under one lock.");
        }
    }

    TEST_CASE("on the runtime's own thread nobody is unparked") {
        Timer timer;
        TimersUnderTest runtime;
        runtime.park();
        runtime.below.unparks = 0;
        step("the runtime is awake, and its tasks set timers");
        runtime.timers.set(timer, rt::sys::now() + 1h, rt::Waker::noop());
        runtime.timers.cancel(timer);
        runtime.timers.set(timer, rt::sys::now() + 1min, rt::Waker::noop());
        CHECK_MESSAGE(runtime.below.unparks == 0, "the thread is awake, so nobody has to end its sleep");
    }
}
