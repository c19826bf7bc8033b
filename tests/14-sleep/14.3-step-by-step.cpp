/// \file
/// 14.3: a timer that fires while its sleep is polled.
#include "stepped_timers.hpp"

#include <doctest/doctest.h>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/show.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <chrono>
#include <optional>

#define Timer SteppedTimer
#define Timers SteppedTimers
#define Sleep SteppedSleep
#include <rt/sleep.hpp>
#undef Timer
#undef Timers
#undef Sleep

using namespace support;
using namespace std::chrono_literals;
using rt::Pending;
using rt::Ready;

namespace {

/// Polls `sleep` in a task of the runtime.
void poll_in_a_task(TimersUnderTest& runtime, rt::SteppedSleep& sleep, rt::Poll<void> expected) {
    runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
        CHECK(sleep.poll(cx) == expected);
        return Ready();
    }));
}

}  // namespace

TEST_SUITE("14.3 sleep") {
    TEST_CASE("a sleep whose timer has fired asks its timers for nothing") {
        TimersUnderTest clock;
        clock.pause();
        std::optional<rt::SteppedSleep> dropped(clock.timers.now() + 1s);
        rt::SteppedSleep polled(clock.timers.now() + 1s);
        step("poll two sleeps, and let their timers fire");
        poll_in_a_task(clock, *dropped, Pending);
        poll_in_a_task(clock, polled, Pending);
        clock.park();
        bool has_asked = false;
        after_unlock = [&] { has_asked = true; };
        step("drop one of the sleeps");
        dropped.reset();
        CHECK_MESSAGE(
            !has_asked,
            "the sleep's timer has fired, so no heap points to it, and the timers may be gone. Cancel only a timer "
            "that waits.");
        step("poll the other one");
        CountingWaker waiter;
        rt::Waker const waker = waiter.waker();
        rt::Context cx(waker);
        CHECK(polled.poll(cx) == Ready());
        CHECK_MESSAGE(
            !has_asked,
            "the sleep's timer has fired, so it needs no waker, and the timers may be gone. Update only a timer that "
            "waits.");
        after_unlock = nullptr;
    }

    TEST_CASE("a timer that fires while its sleep is polled with another waker") {
        for (int moment = 0; moment <= 4; ++moment) {
            CountingWaker waiter;
            rt::Waker const waker = waiter.waker();
            TimersUnderTest clock;
            clock.pause();
            rt::SteppedSleep sleep(clock.timers.now() + 1s);
            step("a task polls the sleep");
            poll_in_a_task(clock, sleep, Pending);
            step("another task polls it. The timer fires after access {} to its state", moment);
            bool has_fired = false;
            auto other_thread = [&](int access, auto&) {
                if (access == moment && !holds_the_lock) {
                    has_fired = true;
                    clock.park();
                }
            };
            bool is_ready = false;
            Steps::between(other_thread, [&] {
                rt::EnterScheduler entered(clock.scheduler());
                rt::Context cx(waker);
                is_ready = sleep.poll(cx).is_ready();
            });
            bool const hears_of_it = !has_fired || is_ready || waiter.wakes() > 0;
            CHECK_MESSAGE(
                hears_of_it,
                "the timer fired before it had the new waker, and the sleep said Pending, so it is never polled "
                "again. Do what the answer of `update` says.");
            if (!has_fired) {
                clock.park();
            }
        }
    }
}
