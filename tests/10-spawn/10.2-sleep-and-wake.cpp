#include "counting_park.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <latch>
#include <optional>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

constexpr int look_interval = static_cast<int>(rt::CurrentThread::look_interval);

rt::Async<> await_task(rt::JoinHandle<> handle) { co_await handle; }

}  // namespace

TEST_SUITE("10.2 sleep and wakes from elsewhere") {
    TEST_CASE("the Park looks around after every 61 polls") {
        CountingPark park;
        {
            rt::CurrentThread runtime(park);
            int looks_seen = 0;
            bool in_time = true;
            park.whenever([&] { ++looks_seen; });
            int polls = 0;
            auto counted = rt::poll_fn([&, left = 610](rt::Context& cx) mutable -> rt::Poll<void> {
                ++polls;
                // main is polled once before the task is
                in_time = in_time && looks_seen == polls / look_interval;
                if (left-- == 0) {
                    return Ready();
                }
                cx.waker().wake_by_ref();
                return Pending;
            });
            step("main waits for a task that yields 610 times");
            runtime.block_on(await_task(runtime.spawn(std::move(counted))));
            CHECK(polls == 611);
            CHECK_MESSAGE(
                in_time,
                "the runtime looked around too late or too early. A turn ends when `polls_` has reached 61, and "
                "main's polls count too.");
            CHECK(park.looks() + park.sleeps() == 10);
            CHECK_MESSAGE(park.sleeps() == 0, "the runtime slept, although a task was ready. Look without sleeping.");
        }
    }

    TEST_CASE("a main that yields lets the Park look around too") {
        CountingPark park;
        rt::CurrentThread runtime(park);
        runtime.block_on(rt::Countdown(10 * look_interval));
        CHECK_MESSAGE(
            park.looks() == 10,
            "main was polled 610 times, so the runtime looks around ten times. Call `begin_poll` only if there is a "
            "Runnable to run.");
        CHECK_MESSAGE(park.sleeps() == 0, "the runtime slept, although main was woken. Look without sleeping.");
    }

    TEST_CASE("when nothing is ready it parks: once") {
        CountingPark park;
        Remote<int> kettle("the kettle");
        rt::CurrentThread runtime(park);
        park.instead_of_sleep([&] { kettle.finish(3); });
        step("block on the kettle");
        CHECK(runtime.block_on(kettle.future()) == 3);
        CHECK(park.sleeps() == 1);
        CHECK_MESSAGE(
            park.sleeps_with_deadline() == 0,
            "the runtime slept with a deadline, although it waits for no moment, so it would wake up in vain. Pass "
            "`std::nullopt`.");
        CHECK_MESSAGE(park.looks() == 0,
                      "the runtime looked around before it slept. Call `park` once, because a Park that "
                      "sleeps looks around, too.");
        CHECK(kettle.polls() == 2);
        CHECK(park.unparks() == 0);  // the runtime's own thread looks by itself before it sleeps
    }

    TEST_CASE("what a Park makes ready on the runtime's thread is polled before the next sleep") {
        CountingPark park;
        Remote<> kettle("the kettle");
        rt::CurrentThread runtime(park);
        park.instead_of_sleep([&] { kettle.finish(); });
        auto main = [](CountedFuture<void> boil) -> rt::Async<> {
            auto water = rt::spawn(std::move(boil));
            co_await water;
        };
        runtime.block_on(main(kettle.future()));
        CHECK(park.sleeps() == 1);
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("a look around wakes a task while others never rest") {
        CountingPark park;
        Remote<> kettle("the kettle");
        rt::CurrentThread runtime(park);
        bool stop = false;
        int polls = 0;
        auto spinner = [](bool* end, int* count) -> rt::Async<> {
            while (!*end) {
                ++*count;
                co_await rt::yield_now();
            }
        };
        runtime.spawn(spinner(&stop, &polls)).detach();
        park.whenever([&, done = false]() mutable {
            if (!std::exchange(done, true)) {
                kettle.finish();
            }
        });
        runtime.block_on(kettle.future());
        CHECK(kettle.polls() == 2);
        CHECK(park.sleeps() == 0);
        CHECK(park.looks() == 1);
        CHECK(polls <= 2 * look_interval);
        stop = true;
        runtime.block_on(rt::Countdown(2));
    }

    TEST_CASE("a Runnable of another thread is in its queue before the sleep ends") {
        /// Looks into the runtime when it is unparked. The runtime's thread is inside of `park` meanwhile.
        struct LookingPark final : rt::Park {
            void park(std::optional<rt::Instant> deadline) override {
                if (deadline != rt::no_wait && !std::exchange(has_slept, true)) {
                    step("the runtime sleeps, and another thread wakes a task");
                    TestThread([this] { kettle.finish(3); }).join();
                }
            }
            void unpark() noexcept override {
                ++unparks;
                found_work = !runtime->is_idle();
            }
            Remote<int> kettle{"the kettle"};
            rt::CurrentThread* runtime = nullptr;
            bool has_slept = false;
            bool found_work = false;
            int unparks = 0;
        };
        LookingPark park;
        rt::CurrentThread runtime(park);
        park.runtime = &runtime;
        auto main = [](CountedFuture<int> boil, LookingPark* look) -> rt::Async<int> {
            auto water = rt::spawn(std::move(boil));
            co_await rt::yield_now();
            co_await rt::yield_now();
            int const result = co_await water;
            CHECK_MESSAGE(
                look->unparks == 1,
                "schedule queued a Runnable on another thread, but didn't unpark the sleeper. Call unpark after the push.");
            co_return result;
        };
        CHECK(runtime.block_on(main(park.kettle.future(), &park)) == 3);
        CHECK_MESSAGE(
            park.found_work,
            "unpark came before the Runnable was in its queue, so the woken thread may find nothing and sleep "
            "again. Push first.");
    }

    TEST_CASE("a wake from another thread ends the sleep") {
        TraceLog log{TraceLog::Kind::park, TraceLog::Kind::unpark};
        Remote<int> kettle("the kettle");
        rt::CurrentThread runtime;
        TestThread fire([&] {
            log.wait_for(TraceLog::Kind::park, 1);
            kettle.finish(3);
        });
        SUBCASE("main's") { CHECK(runtime.block_on(kettle.future()) == 3); }
        SUBCASE("a task's") { CHECK(runtime.block_on(runtime.spawn(kettle.future())) == 3); }
        fire.join();
        CHECK(kettle.polls() == 2);
        CHECK(log.text() == "park #1\nunpark #1\n");
    }

    TEST_CASE("a wake from another thread before the sleep is not lost") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        auto main = [](CountedFuture<int> boil, Remote<int>* remote) -> rt::Async<int> {
            auto water = rt::spawn(std::move(boil));
            co_await rt::yield_now();
            step("another thread finishes the kettle, and is gone before we sleep");
            TestThread([remote] { remote->finish(3); }).join();
            co_return co_await water;
        };
        CHECK(runtime.block_on(main(kettle.future(), &kettle)) == 3);
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("a wake from another thread is taken in though the own queue is never empty") {
        rt::CurrentThread runtime;
        Remote<> kettle("the kettle");
        int polls_after = 0;
        bool done = false;
        auto spinner = [](Remote<void>* remote, int* polls, bool* end) -> rt::Async<> {
            co_await rt::yield_now();
            TestThread([remote] { remote->finish(); }).join();
            while (!*end) {
                ++*polls;
                co_await rt::yield_now();
            }
        };
        auto waits = [](CountedFuture<void> future, bool* end) -> rt::Async<> {
            co_await future;
            *end = true;
        };
        auto waiting = runtime.spawn(waits(kettle.future(), &done));
        auto spinning = runtime.spawn(spinner(&kettle, &polls_after, &done));
        runtime.block_on(std::move(spinning));
        runtime.block_on(std::move(waiting));
        CHECK(polls_after <= look_interval);
    }

    TEST_CASE("a wake between two block_on is seen by the second") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        auto handle = runtime.spawn(kettle.future());
        runtime.block_on(rt::Countdown(1));
        CHECK(kettle.polls() == 1);
        kettle.finish(3);
        CHECK(kettle.polls() == 1);
        CHECK(runtime.block_on(std::move(handle)) == 3);
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("turn polls what is ready and looks around once") {
        CountingPark park;
        rt::CurrentThread runtime(park);
        int polls = 0;
        auto work = [](int* count, int yields) -> rt::Async<> {
            for (int n = 0; n < yields; ++n) {
                ++*count;
                co_await rt::yield_now();
            }
            ++*count;
        };
        step("a turn with nothing to do");
        CHECK_FALSE(runtime.turn());
        CHECK(park.looks() == 1);
        runtime.spawn(work(&polls, 99)).detach();
        CHECK(park.unparks() == 1);  // spawned from outside: the loop that drives us must hear of it
        step("a task that yields 99 times");
        CHECK(runtime.turn());
        CHECK(polls == look_interval);
        CHECK(park.looks() == 2);
        CHECK_FALSE(runtime.turn());
        CHECK(polls == 100);
        CHECK(park.looks() == 3);
        CHECK(park.sleeps() == 0);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("turn says that more is ready when another thread woke a task meanwhile") {
        CountingPark park;
        rt::CurrentThread runtime(park);
        Remote<> kettle("the kettle");
        runtime.spawn(kettle.future()).detach();
        CHECK_FALSE(runtime.turn());
        park.whenever([&, done = false]() mutable {
            if (!std::exchange(done, true)) {
                TestThread([&] { kettle.finish(); }).join();
            }
        });
        step("during the look around another thread wakes the task");
        CHECK(runtime.turn());
        step("the next turn takes it over, and runs it");
        bool const has_more = runtime.turn();
        CHECK_MESSAGE(
            !has_more,
            "the runtime took over the tasks of other threads, but has_remote_ still says that there are some. It "
            "would never sleep again.");
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("no wake of another thread is lost") {
        int const rounds = under_tsan || under_asan ? 2'000 : 20'000;
        step("{} rounds: a task waits, another thread makes it ready", rounds);
        rt::CurrentThread runtime;
        struct Bell {
            rt::Atomic<int> rung{0};
            rt::WakerSlot waiting;
        };
        Bell there;
        Bell back;
        auto wait_for = [](Bell* bell, int number) {
            return rt::poll_fn([bell, number](rt::Context& cx) -> rt::Poll<void> {
                bell->waiting.register_waker(cx.waker());
                if (bell->rung.load(rt::acquire) < number) {
                    return Pending;
                }
                return Ready();
            });
        };
        auto ring = [](Bell* bell, int number) {
            bell->rung.store(number, rt::release);
            bell->waiting.wake();
        };
        auto play = [](Bell* here, Bell* other, int times, bool first, auto wait, auto strike) -> rt::Async<> {
            for (int n = 1; n <= times; ++n) {
                if (first) {
                    strike(other, n);
                }
                auto ringing = wait(here, n);
                co_await ringing;
                if (!first) {
                    strike(other, n);
                }
                if (n % 100 == 0) {
                    still_alive();
                }
            }
        };
        TestThread opponent([&] {
            rt::CurrentThread own;
            own.block_on(own.spawn(play(&there, &back, rounds, false, wait_for, ring)));
        });
        runtime.block_on(runtime.spawn(play(&back, &there, rounds, true, wait_for, ring)));
        opponent.join();
        CHECK(back.rung.load() == rounds);
    }
}
