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

TEST_SUITE("10.2 sleep and wake") {
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
            CHECK(in_time);
            CHECK(park.looks() + park.sleeps() == 10);
            CHECK(park.sleeps() == 0);
        }
    }

    TEST_CASE("a main that yields lets the Park look around too") {
        CountingPark park;
        rt::CurrentThread runtime(park);
        runtime.block_on(rt::Countdown(10 * look_interval));
        CHECK(park.looks() == 10);
        CHECK(park.sleeps() == 0);
    }

    TEST_CASE("when nothing is ready it parks: once") {
        CountingPark park;
        Remote<int> kettle("the kettle");
        rt::CurrentThread runtime(park);
        park.instead_of_sleep([&] { kettle.finish(3); });
        step("block on the kettle");
        CHECK(runtime.block_on(kettle.future()) == 3);
        CHECK(park.sleeps() == 1);
        CHECK(park.sleeps_with_deadline() == 0);
        CHECK(park.looks() == 0);
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

    TEST_CASE("main's waker may outlive the runtime") {
        rt::Waker left_over;
        {
            rt::CurrentThread runtime;
            runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                left_over = cx.waker();
                return Ready();
            }));
        }
        step("wake the waker that was left over, on another thread and here");
        TestThread([&] { left_over.wake_by_ref(); }).join();
        std::move(left_over).wake();
    }

    TEST_CASE("main's old waker in a new block_on is one poll too many and nothing else") {
        rt::CurrentThread runtime;
        rt::Waker old;
        runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
            old = cx.waker();
            return Ready();
        }));
        old.wake_by_ref();
        int polls = 0;
        runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
            if (++polls == 1) {
                std::move(old).wake();
                CHECK_FALSE(cx.waker().will_wake(old));
                return Pending;
            }
            return Ready();
        }));
        CHECK(polls == 2);
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
        CHECK_FALSE(runtime.turn());
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("a ParkSlot passes on") {
        CountingPark first;
        CountingPark second;
        rt::ParkSlot slot(&first);
        slot.park(rt::no_wait);
        slot.unpark();
        CHECK(first.looks() == 1);
        CHECK(first.unparks() == 1);
        step("change it to the second");
        slot.change_to(second);
        CHECK(first.unparks() == 2);   // whoever sleeps there is sent out
        CHECK(second.unparks() == 1);  // whoever comes looks once more
        slot.park(rt::no_wait);
        slot.unpark();
        CHECK(first.looks() == 1);
        CHECK(second.looks() == 1);
        CHECK(second.unparks() == 2);
    }

    TEST_CASE("a ParkSlot is changed while a thread sleeps in it") {
        TraceLog log{TraceLog::Kind::park};
        rt::ThreadPark first;
        rt::ThreadPark second;
        log.call(&first, "first");
        log.call(&second, "second");
        rt::ParkSlot slot(&first);
        std::latch out(1);
        TestThread sleeper([&] {
            slot.park(std::nullopt);  // first
            slot.park(std::nullopt);  // second: ended by the change itself
            out.count_down();
            slot.park(std::nullopt);  // second
        });
        log.wait_for(TraceLog::Kind::park, 1);
        step("change the slot");
        slot.change_to(second);
        out.wait();
        step("unpark the slot");
        slot.unpark();
        sleeper.join();
        CHECK_MESSAGE(log.text().rfind("park first") == 0, log.text());  // once, and never again
    }

    TEST_CASE("no unpark is lost while a ParkSlot is changed") {
        int const rounds = under_tsan || under_asan ? 300 : 2000;
        Random random(seed_of_this_run());
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            rt::ThreadPark parks[2];
            rt::ParkSlot slot(&parks[0]);
            rt::Atomic<bool> flag{false};
            int const spins[2] = {random.below(500), random.below(500)};
            std::latch all_here(3);
            TestThread sleeper([&] {
                all_here.arrive_and_wait();
                while (!flag.load(rt::relaxed)) {
                    slot.park(std::nullopt);
                }
            });
            TestThread changer([&] {
                all_here.arrive_and_wait();
                for (int n = 0; n < spins[0]; ++n) {
                    (void)flag.load(rt::relaxed);
                }
                slot.change_to(parks[1]);
            });
            all_here.arrive_and_wait();
            for (int n = 0; n < spins[1]; ++n) {
                (void)flag.load(rt::relaxed);
            }
            flag.store(true, rt::relaxed);
            slot.unpark();
        }
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
