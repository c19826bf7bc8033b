/// \file
/// 15.2: a race of a future against the clock. The clock of these tests moves only when the test moves it.
#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/timeout.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/paused_clock.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using namespace std::chrono_literals;
using rt::Pending;
using rt::Ready;

namespace {

/// A kettle, and a clock that moves only when the test moves it.
struct Teatime {
    PausedClock clock;
    Remote<int> kettle{"the kettle"};

    auto tea() { return spawn_mock("the timeout of 10 s", rt::timeout(10s, kettle.future())); }
};

/// Polls `task` once, and says how that ended.
std::string how_it_ends(auto& task) {
    try {
        return task.poll().is_ready() ? "with a value" : "not yet";
    } catch (const rt::Elapsed&) {
        return "with Elapsed";
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace

TEST_SUITE("15.2 timeout") {
    TEST_CASE_FIXTURE(Teatime, "a future that is in time gives its value") {
        auto task = tea();
        REQUIRE_MESSAGE(how_it_ends(task) == "not yet",
                        "the future has no value, the time is not up, and the timeout was not Pending. Ask the race "
                        "whether it is Pending before you take its value.");
        expect_more_polls(task.future(), "timeout");
        clock.advance(9s);
        kettle.finish(100);
        CHECK(task.wakes() == 1);
        CHECK_MESSAGE(how_it_ends(task) == "with a value", "the future was in time. Yield its value.");
    }

    TEST_CASE_FIXTURE(Teatime, "the value is that of the future") {
        auto task = tea();
        CHECK(task.poll() == Pending);
        kettle.finish(100);
        CHECK(task.poll() == Ready(100));
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE_FIXTURE(Teatime, "a future that is not in time ends with Elapsed") {
        auto task = tea();
        CHECK(task.poll() == Pending);
        clock.advance(10s - 1ns);
        CHECK_FALSE(task.is_woken());
        CHECK(how_it_ends(task) == "not yet");
        clock.advance(1ns);
        CHECK(task.is_woken());
        CHECK_MESSAGE(how_it_ends(task) == "with Elapsed",
                      "the time is up, and the future has no value. Throw Elapsed.");
        CHECK(kettle.polls() == 3);
    }

    TEST_CASE_FIXTURE(Teatime, "a future that is not in time is destroyed before the caller knows") {
        auto task = tea();
        CHECK(task.poll() == Pending);
        clock.advance(10s);
        CHECK(kettle.drops() == 0);
        CHECK(how_it_ends(task) == "with Elapsed");
        CHECK_MESSAGE(kettle.drops() == 1, "the caller has the exception, and the future is still there");
        CHECK(clock.timers() == 0);
    }

    TEST_CASE_FIXTURE(Teatime, "a future that is ready wins though the time is up") {
        // More than once, because a race that begins with either branch would be right half of the time.
        for (int round = 0; round < 8; ++round) {
            Remote<int> pan("the pan");
            auto task = spawn_mock("the timeout of 10 s", rt::timeout(10s, pan.future()));
            CHECK(task.poll() == Pending);
            clock.advance(10s);
            pan.finish(100);
            CHECK_MESSAGE(how_it_ends(task) == "with a value",
                          "the future was ready, and the timeout threw. Ask the future first, and then the clock.");
        }
    }

    TEST_CASE_FIXTURE(Teatime, "a future that is ready at once is not late for no time at all") {
        auto ready = spawn_mock("timeout(0 s, ready)", rt::timeout(0s, rt::ready(3)));
        CHECK(ready.poll() == Ready(3));
        auto pending = spawn_mock("timeout(0 s, pending)", rt::timeout(0s, rt::pending<int>()));
        CHECK(how_it_ends(pending) == "with Elapsed");
    }

    TEST_CASE("a future that is ready at once sets no timer") {
        auto tea = spawn_mock("timeout(10 s, ready)", rt::timeout(10s, rt::ready(3)));
        CHECK(tea.poll() == Ready(3));  // without a runtime, which a timer would need
    }

    TEST_CASE_FIXTURE(Teatime, "the time counts from the call and not from the first poll") {
        auto task = tea();
        clock.advance(9s);
        CHECK(task.poll() == Pending);
        clock.advance(1s);
        CHECK_MESSAGE(how_it_ends(task) == "with Elapsed",
                      "10 s have passed since the call of timeout, and it goes on waiting");
    }

    TEST_CASE_FIXTURE(Teatime, "when the future is done its timer goes") {
        auto task = tea();
        CHECK(task.poll() == Pending);
        CHECK(clock.timers() == 1);
        kettle.finish(100);
        CHECK(task.poll() == Ready(100));
        CHECK(clock.timers() == 0);
        CHECK(kettle.drops() == 1);
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE_FIXTURE(Teatime, "an exception of the future comes through") {
        auto task = tea();
        CHECK(task.poll() == Pending);
        kettle.fail(std::runtime_error("the kettle burst"));
        CHECK_MESSAGE(how_it_ends(task) == "the kettle burst",
                      "the future failed in time, and the caller gets something else than its exception");
        CHECK(kettle.drops() == 1);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("a future without a value") {
        auto nothing = spawn_mock("timeout(1 s, ready())", rt::timeout(1s, rt::ready()));
        CHECK(nothing.poll() == Ready());
    }

    TEST_CASE_FIXTURE(Teatime, "timeout_at waits until a moment") {
        auto task = spawn_mock("timeout_at", rt::timeout_at(clock.now() + 5s, rt::pending<int>()));
        CHECK(task.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 5s);
        CHECK(how_it_ends(task) == "with Elapsed");
    }

    TEST_CASE_FIXTURE(Teatime, "a duration beyond the end of the clock never ends") {
        auto task =
            spawn_mock("timeout(hours::max(), kettle)", rt::timeout(std::chrono::hours::max(), kettle.future()));
        CHECK(task.poll() == Pending);
        clock.advance(24h * 365 * 100);
        CHECK_FALSE(task.is_woken());
        CHECK(task.poll() == Pending);
    }

    TEST_CASE_FIXTURE(Teatime, "a timeout that is destroyed cancels both") {
        auto task = tea();
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(kettle.drops() == 1);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE_FIXTURE(Teatime, "a timeout polled after Elapsed is caught") {
        auto task = spawn_mock("timeout(0 s, pending)", rt::timeout(0s, rt::pending<int>()));
        CHECK(how_it_ends(task) == "with Elapsed");
        expect_violation("timeout: polled after Ready", [&] { (void)task.poll(); });
    }
}
