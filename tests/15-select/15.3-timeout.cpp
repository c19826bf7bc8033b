#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

/// Takes whatever the budget allows, and is never done: what a loop over an always-ready socket looks like.
class Greedy {
  public:
    using Output = int;

    Greedy() = default;

    Poll<int> poll(rt::Context& cx) {
        while (share_.poll_proceed(cx)) {
            rt::budget::spend();
        }
        return Pending;
    }

  private:
    rt::budget::Share share_;
};

/// A kettle that was not ready at the first poll of a timeout of 10 s.
struct SlowKettle {
    SlowKettle() { CHECK(tea.poll() == Pending); }

    PausedClock clock;
    Remote<int> kettle{"the kettle"};
    MockTask<decltype(rt::timeout(10s, std::declval<CountedFuture<int>>()))> tea =
        spawn_mock("timeout(10 s, kettle)", rt::timeout(10s, kettle.future()));
};

}  // namespace

TEST_SUITE("15.3 timeout") {
    TEST_CASE("on a paused clock a timeout around a socket fires at once") {
        // Documented in time.hpp: a task that waits for a socket does not hold the clock up.
        auto wait = []() -> Async<> {
            rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
            co_await rt::timeout(1h, listener.accept());
        };
        CHECK_THROWS_AS(run_paused(wait()), rt::Elapsed);
    }

    TEST_CASE_FIXTURE(SlowKettle, "a future that is in time gives its value") {
        clock.advance(9s);
        kettle.finish(100);
        CHECK(tea.wakes() == 1);
        CHECK(tea.poll() == Ready(100));
    }

    TEST_CASE_FIXTURE(SlowKettle, "a future that is not in time is dropped and Elapsed is thrown") {
        clock.advance(10s - 1ns);
        CHECK_FALSE(tea.is_woken());
        CHECK(tea.poll() == Pending);
        clock.advance(1ns);
        CHECK(tea.is_woken());
        CHECK(kettle.drops() == 0);
        CHECK_THROWS_AS((void)tea.poll(), rt::Elapsed);
        CHECK(kettle.drops() == 1);
        CHECK(kettle.polls() == 3);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("the future is dropped before anybody hears of it") {
        PausedClock clock;
        auto body = []() -> Async<> {
            Remote<int> kettle("the kettle");
            try {
                (void)co_await rt::timeout(10s, kettle.future());
                CHECK(false);
            } catch (const rt::Elapsed&) {
                CHECK(kettle.drops() == 1);
            }
        };
        auto tea = spawn_mock("the tea", body());
        CHECK(tea.poll() == Pending);
        clock.jump();
        CHECK(tea.poll() == Ready());
    }

    TEST_CASE_FIXTURE(SlowKettle, "a future that is ready wins though the time is up") {
        clock.advance(1h);
        kettle.finish(100);
        CHECK(tea.poll() == Ready(100));
    }

    TEST_CASE("a ready future is not too late for no time at all") {
        PausedClock clock;
        auto ready = spawn_mock("timeout(0 s, ready)", rt::timeout(0s, rt::ready(3)));
        CHECK(ready.poll() == Ready(3));
        auto pending = spawn_mock("timeout(0 s, pending)", rt::timeout(0s, rt::pending<int>()));
        CHECK_THROWS_AS((void)pending.poll(), rt::Elapsed);
    }

    TEST_CASE_FIXTURE(SlowKettle, "when the future is done the timer goes") {
        CHECK(clock.timers() == 1);
        kettle.finish(100);
        CHECK(tea.poll() == Ready(100));
        CHECK(clock.timers() == 0);
        CHECK(kettle.drops() == 1);
        CHECK(tea.kept_wakers() == 0);
    }

    TEST_CASE("a future that is ready at once sets no timer") {
        auto tea = spawn_mock("timeout(10 s, ready)", rt::timeout(10s, rt::ready(3)));
        CHECK(tea.poll() == Ready(3));  // and needs no runtime either
    }

    TEST_CASE_FIXTURE(SlowKettle, "an exception of the future comes through") {
        kettle.fail(std::runtime_error("the kettle burst"));
        CHECK_THROWS_WITH((void)tea.poll(), "the kettle burst");
        CHECK(kettle.drops() == 1);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("without a value and with one that can only be moved") {
        PausedClock clock;
        auto nothing = spawn_mock("timeout(1 s, ready())", rt::timeout(1s, rt::ready()));
        CHECK(nothing.poll() == Ready());
        auto cup = spawn_mock("timeout(1 s, cup)", rt::timeout(1s, rt::ready(std::make_unique<int>(3))));
        CHECK(*cup.poll().value() == 3);
    }

    TEST_CASE("the inner of two time-outs is heard by the outer as an exception") {
        PausedClock clock;
        auto both =
            spawn_mock("timeout(2 s, timeout(1 s, pending))", rt::timeout(2s, rt::timeout(1s, rt::pending<int>())));
        CHECK(both.poll() == Pending);
        CHECK(clock.timers() == 2);
        clock.jump();
        CHECK(clock.elapsed() == 1s);
        CHECK_THROWS_AS((void)both.poll(), rt::Elapsed);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("timeout_at waits until a moment") {
        PausedClock clock;
        auto tea = spawn_mock("timeout_at", rt::timeout_at(clock.now() + 5s, rt::pending<int>()));
        CHECK(tea.poll() == Pending);
        clock.jump();
        CHECK(clock.elapsed() == 5s);
        CHECK_THROWS_WITH((void)tea.poll(), "the time is up: the deadline came before the future was done");
    }

    TEST_CASE_FIXTURE(SlowKettle, "a dropped time-out drops both") {
        tea.drop();
        CHECK(kettle.drops() == 1);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("a future that uses up every budget is timed out all the same") {
        // On the real clock, which goes on while the task is never idle.
        auto body = [](std::chrono::milliseconds limit) -> Async<bool> {
            bool elapsed = false;
            try {
                (void)co_await rt::timeout(limit, Greedy());
            } catch (const rt::Elapsed&) {
                elapsed = true;
            }
            co_return elapsed;
        };
        rt::CurrentThread runtime;
        step("a greedy future is given no time");
        CHECK(runtime.block_on(body(0ms)));
        step("a greedy future is given 2 ms");
        CHECK(runtime.block_on(body(2ms)));
    }

    TEST_CASE("what is ready is not late because the budget is used up") {
        class Source {  // as a socket: it may have a value, and is refused without budget
          public:
            using Output = int;
            explicit Source(const bool* is_ready) : is_ready_(is_ready) {}
            Poll<int> poll(rt::Context& cx) {
                if (!share_.poll_proceed(cx) || !*is_ready_) {
                    return Pending;
                }
                rt::budget::spend();
                return Ready(7);
            }

          private:
            rt::budget::Share share_;
            const bool* is_ready_;
        };
        bool is_ready = false;
        int polls = 0;
        std::optional<rt::Timeout<Source>> tea;
        auto poll = [&](rt::Context& cx) -> Poll<int> {
            if (++polls == 1) {
                rt::time::pause();
                tea.emplace(rt::timeout(1s, Source(&is_ready)));
            } else if (polls == 2) {
                step("the time is up, the value is there, and the task has used up its budget");
                is_ready = true;
                rt::budget::Share share;
                while (share.poll_proceed(cx)) {
                    rt::budget::spend();
                }
            }
            return tea->poll(cx);
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(rt::poll_fn(poll)) == 7);
        CHECK(polls == 3);
    }

    TEST_CASE("a time-out is not polled after it was ready") {
        PausedClock clock;
        auto tea = spawn_mock("timeout(0 s, pending)", rt::timeout(0s, rt::pending<int>()));
        CHECK_THROWS_AS((void)tea.poll(), rt::Elapsed);
        expect_violation("timeout: polled after Ready", [&] { (void)tea.poll(); });
    }
}
