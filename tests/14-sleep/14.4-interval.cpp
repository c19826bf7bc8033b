#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/time.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <optional>
#include <string>

#include <fmt/format.h>

using namespace support;
using namespace std::chrono_literals;
using rt::Instant;
using rt::MissedTickBehavior;
using rt::Pending;
using rt::Ready;

namespace {

/// Six ticks of an interval of 10 s, in seconds: "0 25 30 40 50 60 ". The second one is awaited only `late_at` after the
/// first one.
std::string planned_ticks(std::optional<MissedTickBehavior> behavior, std::chrono::nanoseconds late_at = 25s) {
    PausedClock clock;
    rt::Interval ticks = rt::interval(10s);
    Instant const start = clock.now();
    if (behavior) {
        ticks.set_missed_tick_behavior(*behavior);
    }
    std::string found;
    for (int i = 0; i < 6; ++i) {
        auto tick = spawn_mock("tick", ticks.tick());
        rt::Poll<Instant> poll = tick.poll();
        while (poll.is_pending()) {
            clock.jump();
            poll = tick.poll();
        }
        found += fmt::format("{} ", std::chrono::duration<double>(clock.now() - start).count());
        if (i == 0) {
            clock.advance(late_at);
        }
    }
    return found;
}

}  // namespace

TEST_SUITE("14.4 intervals") {
    TEST_CASE("the first tick is at once and the others keep the rhythm") {
        PausedClock clock;
        rt::Interval ticks = rt::interval(10s);
        Instant const start = clock.now();
        for (int i = 0; i < 4; ++i) {
            auto tick = spawn_mock("tick", ticks.tick());
            if (i > 0) {
                CHECK(tick.poll() == Pending);
                clock.jump();
            }
            CHECK(tick.poll() == Ready(start + i * 10s));
            CHECK(clock.now() == start + i * 10s);
            step("work for 3 s");
            clock.advance(3s);
        }
    }

    TEST_CASE("a late tick says for when it was planned") {
        PausedClock clock;
        rt::Interval ticks = rt::interval_at(clock.now() + 10s, 10s);
        Instant const start = clock.now();
        clock.advance(25s);
        auto tick = spawn_mock("tick", ticks.tick());
        CHECK(tick.poll() == Ready(start + 10s));
    }

    TEST_CASE("missed ticks in a burst are made up for") {
        CHECK_MESSAGE(planned_ticks(MissedTickBehavior::burst) == "0 25 25 30 40 50 ",
                      "each tick is planned a period after the one before it, also if it comes late");
    }

    TEST_CASE("missed ticks with delay shift the rhythm") {
        CHECK_MESSAGE(planned_ticks(MissedTickBehavior::delay) == "0 25 35 45 55 65 ",
                      "after a missed tick, the next one comes a period from now");
    }

    TEST_CASE("missed ticks with skip are left out") {
        CHECK_MESSAGE(planned_ticks(MissedTickBehavior::skip) == "0 25 30 40 50 60 ",
                      "after a missed tick, the next one is the first of the rhythm that is still to come");
        step("the second tick is taken at the moment of the third");
        CHECK_MESSAGE(planned_ticks(MissedTickBehavior::skip, 20s) == "0 20 30 40 50 60 ",
                      "the moment of now is taken by the late tick, so the next one comes a period later");
    }

    TEST_CASE("a tick a little late is not missed") {
        CHECK(planned_ticks(MissedTickBehavior::delay, 10s + 4ms) == "0 10.004 20 30 40 50 ");
    }

    TEST_CASE("a tick is missed if it is late by the tolerance") {
        step("late by the tolerance of 5 ms");
        CHECK_MESSAGE(planned_ticks(MissedTickBehavior::delay, 10s + 5ms) == "0 10.005 20.005 30.005 40.005 50.005 ",
                      "a tick that is late by `tolerance` or more is missed, so the next one comes a period after it");
        step("late by half a period");
        CHECK_MESSAGE(planned_ticks(MissedTickBehavior::delay, 15s) == "0 15 25 35 45 55 ",
                      "a tick is late if it comes after its own moment. Compare that with `tolerance`.");
    }

    TEST_CASE("a period as long as the clock does not overflow") {
        for (auto behavior : {MissedTickBehavior::burst, MissedTickBehavior::delay, MissedTickBehavior::skip}) {
            PausedClock clock;
            rt::Interval ticks = rt::interval(std::chrono::hours::max());
            ticks.set_missed_tick_behavior(behavior);
            clock.advance(1s);
            CHECK(spawn_mock("the first tick, a second late", ticks.tick()).poll().is_ready());
            CHECK_MESSAGE(spawn_mock("the second tick", ticks.tick()).poll() == Pending,
                          "the next moment is beyond the end of the clock. `time::later` makes it Instant::max().");
        }
    }

    TEST_CASE("burst is what an interval does unless told otherwise") {
        CHECK(planned_ticks(std::nullopt) == planned_ticks(MissedTickBehavior::burst));
    }

    TEST_CASE("a dropped tick is not lost") {
        PausedClock clock;
        rt::Interval ticks = rt::interval_at(clock.now() + 10s, 10s);
        Instant const start = clock.now();
        {
            auto tick = spawn_mock("a tick that is given up", ticks.tick());
            CHECK(tick.poll() == Pending);
            clock.advance(9s);
        }
        CHECK(clock.timers() == 0);
        auto tick = spawn_mock("tick", ticks.tick());
        CHECK(tick.poll() == Pending);
        clock.jump();
        CHECK(tick.poll() == Ready(start + 10s));
    }

    TEST_CASE("an interval that is reset begins a period from now") {
        PausedClock clock;
        rt::Interval ticks = rt::interval(10s);
        clock.advance(3s);
        ticks.reset();
        auto tick = spawn_mock("tick", ticks.tick());
        CHECK(tick.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 13s);
        CHECK(tick.poll().is_ready());
        auto next = spawn_mock("next tick", ticks.tick());
        CHECK(next.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 23s);
    }

    TEST_CASE("a tick that is awaited when the interval is reset comes a period after that") {
        PausedClock clock;
        rt::Interval ticks = rt::interval(10s);
        auto first = spawn_mock("first tick", ticks.tick());
        CHECK(first.poll().is_ready());
        auto tick = spawn_mock("tick", ticks.tick());
        CHECK(tick.poll() == Pending);
        clock.advance(5s);
        ticks.reset();
        clock.jump();
        CHECK(clock.elapsed() == 10s);
        step("it wakes at the old moment, and sleeps again");
        CHECK(tick.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 15s);
        CHECK(tick.poll().is_ready());
        auto next = spawn_mock("next tick", ticks.tick());
        CHECK(next.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 25s);
    }

    TEST_CASE("an interval at an end of the clock does not overflow") {
        for (auto behavior : {MissedTickBehavior::burst, MissedTickBehavior::delay, MissedTickBehavior::skip}) {
            PausedClock clock;
            rt::Interval old = rt::interval_at(Instant::min(), 10s);
            old.set_missed_tick_behavior(behavior);
            step("hundreds of millions of ticks were missed, too many to go through one by one");
            for (Instant planned :
                 {Instant::min(), behavior == MissedTickBehavior::burst ? Instant::min() + 10s : clock.now() + 1s}) {
                auto tick = spawn_mock("tick", old.tick());
                rt::Poll<Instant> poll = tick.poll();
                if (poll.is_pending()) {
                    clock.jump();
                    poll = tick.poll();
                }
                CHECK_MESSAGE(
                    poll.value() >= planned,
                    "the tick was planned too early. A product or a sum of times overflows, so count from `now`, by "
                    "`time::later`.");
            }
            rt::Interval never = rt::interval_at(Instant::max(), 10s);
            never.set_missed_tick_behavior(behavior);
            CHECK(spawn_mock("never", never.tick()).poll() == Pending);
        }
    }
}
