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
#include <limits>
#include <optional>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("14.0 given: how timers and intervals begin and end") {
    TEST_CASE("timers outlive their runtime unharmed") {
        CountingWaker waker;
        rt::Timer timer;
        rt::Timer advance(true);
        {
            PausedClock clock;
            clock.service().set(timer, clock.now() + 1s, waker.waker());
            clock.service().set(advance, clock.now() + 2s, waker.waker());
            step("the runtime goes");
        }
        CHECK(timer.is_idle());
        CHECK_MESSAGE(advance.is_idle(), "a timer that moves the clock still belongs to timers that are gone");
        CHECK(waker.wakes() == 0);
        CHECK(waker.alive() == 0);
    }

    TEST_CASE("on a paused clock no foreign loop has to wake up for a timer") {
        rt::Timer timer;
        PausedClock clock;
        clock.service().set(timer, clock.now() + 1s, rt::Waker::noop());
        CHECK_MESSAGE(clock.service().next_deadline() == std::nullopt,
                      "a paused clock moves when the tasks are idle, and not when that much time has passed");
        step("the runtime goes, and the timer becomes idle");
    }

    TEST_CASE("a sum of times is a moment that can come or never comes") {
        using Seconds = std::chrono::duration<double>;
        rt::Instant const from(1h);
        auto const rest = rt::Instant::max() - from;
        CHECK(rt::time::later(from, 1s) == from + 1s);
        CHECK(rt::time::later(from, -1s) == from);
        CHECK_MESSAGE(rt::time::later(from, Seconds(std::numeric_limits<double>::quiet_NaN())) == from,
                      "a duration that is no number counts as zero");
        step("the sum lies beyond the end of the clock, but as a double it is the end itself");
        CHECK_MESSAGE(rt::time::later(from, rest + 100ns) == rt::Instant::max(), "the sum overflows");
        CHECK(rt::time::later(from, rest - 2s) == rt::Instant::max() - 2s);
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
