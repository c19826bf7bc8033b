/// An exercise without a starter: write a limit on idleness.
///
/// A server closes a connection whose client has said nothing for a minute. A busy client sends thousands of messages in a
/// minute, so a message must not set a timer. Only the future that waits for the limit may set one, and rarely.
///
///  - `exercise::IdleLimit limit(10s)` makes a limit of 10 s. The time counts from now.
///  - `limit.touch()` says that the client has said something. The time counts from now again. No timer is set or moved.
///  - `limit.passed()` returns a future of nothing. It is Ready when 10 s have passed since the last `touch`.
///  - A limit may be so long that the clock has no moment for its end. It never passes.
///  - A future of `passed` that is dropped leaves no timer behind.
///
/// Write it into mine/14-sleep/exercise.hpp. The file needs `#pragma once`, the headers that you use, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/trace.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <chrono>

using namespace support;
using namespace std::chrono_literals;
using exercise::IdleLimit;
using Kind = rt::trace::Kind;
using rt::Pending;
using rt::Ready;

TEST_SUITE("14 exercise a limit on idleness") {
    TEST_CASE("a client that says nothing is idle after the limit") {
        PausedClock clock;
        IdleLimit limit(10s);
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK(idle.poll() == Pending);
        clock.advance(10s - 1ns);
        CHECK_FALSE(idle.is_woken());
        clock.advance(1ns);
        CHECK(idle.is_woken());
        CHECK(idle.poll() == Ready());
    }

    TEST_CASE("a client that says something gets the whole time again") {
        PausedClock clock;
        IdleLimit limit(10s);
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK(idle.poll() == Pending);
        clock.advance(6s);
        step("the client says something");
        limit.touch();
        clock.advance(4s);
        if (idle.is_woken()) {
            CHECK_MESSAGE(idle.poll() == Pending, "10 s after the beginning, the client has been silent for 4 s");
        }
        clock.advance(6s - 1ns);
        CHECK_FALSE(idle.is_woken());
        clock.advance(1ns);
        CHECK_MESSAGE(idle.is_woken(), "the limit must pass 10 s after the last message, and not later");
        CHECK(idle.poll() == Ready());
    }

    TEST_CASE("a client that says something again and again is never idle") {
        PausedClock clock;
        IdleLimit limit(10s);
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK(idle.poll() == Pending);
        for (int message = 1; message <= 5; ++message) {
            clock.advance(7s);
            if (idle.is_woken()) {
                CHECK_MESSAGE(idle.poll() == Pending,
                              "the client was silent for 7 s only. Look after each sleep whether it has said something "
                              "meanwhile.");
            }
            step("the client says something");
            limit.touch();
        }
    }

    TEST_CASE("a limit beyond the end of the clock never passes") {
        PausedClock clock;
        IdleLimit limit(rt::Instant::duration::max());
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK_MESSAGE(idle.poll() == Pending, "the sum of now and the limit overflows. `rt::time::later` doesn't.");
    }

    TEST_CASE("a thousand messages set no timer") {
        PausedClock clock;
        IdleLimit limit(10s);
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK(idle.poll() == Pending);
        TraceLog log{Kind::timer_set};
        step("the client says something a thousand times");
        for (int i = 0; i < 1000; ++i) {
            limit.touch();
        }
        CHECK_MESSAGE(log.count(Kind::timer_set) == 0, "a message set a timer, which takes the lock of the timers");
        CHECK(clock.timers() == 1);
    }

    TEST_CASE("the time counts from the beginning and not from the first poll") {
        PausedClock clock;
        IdleLimit limit(10s);
        clock.advance(7s);
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK(idle.poll() == Pending);
        clock.advance(3s);
        CHECK(idle.is_woken());
        CHECK(idle.poll() == Ready());
    }

    TEST_CASE("the limit can be awaited again") {
        PausedClock clock;
        IdleLimit limit(10s);
        for (int round = 0; round < 2; ++round) {
            step("the client says something, and then nothing for 10 s");
            limit.touch();
            auto idle = spawn_mock("the limit", limit.passed());
            CHECK(idle.poll() == Pending);
            clock.advance(10s);
            CHECK(idle.poll() == Ready());
        }
    }

    TEST_CASE("a future that is dropped leaves no timer behind") {
        PausedClock clock;
        IdleLimit limit(10s);
        auto idle = spawn_mock("the limit", limit.passed());
        CHECK(idle.poll() == Pending);
        idle.drop();
        CHECK(clock.timers() == 0);
    }
}
