/// \file
/// 14.0: what the timers and intervals do without the learner's code.
#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/time.hpp>
#include <rt/timer_heap.hpp>
#include <rt/timers.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/paused_clock.hpp>
#include <support/story.hpp>

#include <chrono>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("14.0 given: how timers and intervals begin and end") {
    TEST_CASE("timers outlive their runtime unharmed") {
        CountingWaker waker;
        rt::Timer timer;
        {
            PausedClock clock;
            clock.service().set(timer, clock.now() + 1s, waker.waker());
            step("the runtime goes");
        }
        CHECK(timer.is_idle());
        CHECK(waker.wakes() == 0);
        CHECK(waker.alive() == 0);
    }

    TEST_CASE("an interval without a period is refused") {
        PausedClock clock;
        expect_violation(
            "rt::interval was called with a period of 0 or less", [] { (void)rt::interval(0s); },
            Noticed::in_every_build);
        expect_violation(
            "rt::interval was called with a period of 0 or less", [] { (void)rt::interval(-1s); },
            Noticed::in_every_build);
    }
}
