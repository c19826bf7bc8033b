#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/time.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <optional>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Instant;
using rt::MissedTickBehavior;
using rt::Pending;
using rt::Ready;
using std::chrono::seconds;

namespace {

/// Ticks of an interval of 10 s: the first at 0 s, the second asked for only at 25 s (or where the test says).
std::vector<seconds> planned_ticks(std::optional<MissedTickBehavior> behavior, std::chrono::nanoseconds late_at = 25s) {
    PausedClock clock;
    rt::Interval ticks = rt::interval(10s);
    Instant const start = clock.now();
    if (behavior) {
        ticks.set_missed_tick_behavior(*behavior);
    }
    std::vector<seconds> found;
    for (int i = 0; i < 6; ++i) {
        auto tick = spawn_mock("tick", ticks.tick());
        rt::Poll<Instant> poll = tick.poll();
        while (poll.is_pending()) {
            clock.jump();
            poll = tick.poll();
        }
        found.push_back(std::chrono::duration_cast<seconds>(clock.now() - start));
        if (i == 0) {
            clock.advance(late_at);
        }
    }
    return found;
}

}  // namespace

TEST_SUITE("14.4 intervals") {
    TEST_CASE("an interval at an end of the clock does not overflow") {
        for (auto behavior : {MissedTickBehavior::burst, MissedTickBehavior::delay, MissedTickBehavior::skip}) {
            PausedClock clock;
            rt::Interval old = rt::interval_at(Instant::min(), 10s);
            old.set_missed_tick_behavior(behavior);
            for (Instant planned :
                 {Instant::min(), behavior == MissedTickBehavior::burst ? Instant::min() + 10s : clock.now() + 1s}) {
                auto tick = spawn_mock("tick", old.tick());
                rt::Poll<Instant> poll = tick.poll();
                if (poll.is_pending()) {
                    clock.jump();
                    poll = tick.poll();
                }
                CHECK(poll.value() >= planned);
            }
            rt::Interval never = rt::interval_at(Instant::max(), 10s);
            never.set_missed_tick_behavior(behavior);
            CHECK(spawn_mock("never", never.tick()).poll() == Pending);
        }
    }

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
        CHECK(planned_ticks(MissedTickBehavior::burst) == std::vector<seconds>{0s, 25s, 25s, 30s, 40s, 50s});
    }

    TEST_CASE("missed ticks with delay shift the rhythm") {
        CHECK(planned_ticks(MissedTickBehavior::delay) == std::vector<seconds>{0s, 25s, 35s, 45s, 55s, 65s});
    }

    TEST_CASE("missed ticks with skip are left out") {
        CHECK(planned_ticks(MissedTickBehavior::skip) == std::vector<seconds>{0s, 25s, 30s, 40s, 50s, 60s});
    }

    TEST_CASE("a tick a little late is not missed") {
        CHECK(planned_ticks(MissedTickBehavior::delay, 10s + 4ms) == std::vector<seconds>{0s, 10s, 20s, 30s, 40s, 50s});
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
