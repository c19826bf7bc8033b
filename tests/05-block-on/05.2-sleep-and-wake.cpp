/// \file
/// 05.2: when block_on sleeps, and whose wakes end that, also from other threads.
#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <string>
#include <utility>

using namespace support;
using rt::block_on;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;
using rt::trace::Kind;

TEST_SUITE("05.2 block_on") {
    TEST_CASE("it asks for a waker before it sleeps") {
        rt::SharedPark& shared = rt::SharedPark::of_this_thread();
        step("wake a waker of this thread by reference");
        shared.waker().wake_by_ref();
        CHECK_MESSAGE(shared.park().has_token(), "wake_by_ref left no token in the park: it must unpark");
        shared.park().park(rt::no_wait);
        step("block_on a future that wakes itself once");
        std::string const end = how_it_missed_its_end("kept no waker", [] { block_on(rt::Countdown(1)); });
        CHECK_MESSAGE(
            !end.empty(),
            "expect_a_wake came after the sleep, which had taken the token: say it between Pending and the sleep");
    }

    TEST_CASE("a future that wakes itself is polled again without sleeping") {
        TraceLog log;
        int polls = 0;
        auto count = [&polls, countdown = rt::Countdown(3)](Context& cx) mutable {
            ++polls;
            return countdown.poll(cx);
        };
        step("block_on a Countdown(3)");
        block_on(rt::poll_fn(std::move(count)));
        CHECK(polls == 4);
        CHECK(log.count(Kind::park) == 0);
    }

    TEST_CASE("two wakes during one poll make one more poll") {
        int polls = 0;
        Waker kept;
        auto ask = [&](Context& cx) -> Poll<void> {
            kept = cx.waker();
            ++polls;
            if (polls == 2) {
                return Ready();
            }
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            return Pending;
        };
        step("block_on a future that wakes itself twice");
        block_on(rt::poll_fn(ask));
        CHECK(polls == 2);
    }

    TEST_CASE("it sleeps while it waits and does not spin") {
        constexpr int too_many = 1000;
        TraceLog log;
        Remote<int> kettle("the kettle");
        rt::Atomic<int> polls{0};
        auto counted = [&polls, future = kettle.future()](Context& cx) mutable {
            polls.fetch_add(1);
            return future.poll(cx);
        };
        TestThread stove([&] {
            spin_until([&] { return log.count(Kind::park) > 0 || polls.load() > too_many; });
            kettle.finish(100);
        });
        step("block_on the kettle; it is ready once this thread sleeps, or has polled {} times", too_many);
        CHECK(block_on(rt::poll_fn(std::move(counted))) == 100);
        stove.join();
        CHECK(polls.load() == 2);
        CHECK(log.count(Kind::park) == 1);
    }

    TEST_CASE("woken from another thread it polls twice and sleeps once") {
        TraceLog log;
        Remote<int> kettle("the kettle");
        TestThread stove([&] {
            log.wait_for(Kind::park, 1);
            kettle.finish(100);
        });
        step("block_on the kettle; once this thread sleeps, another one makes it ready");
        CHECK(block_on(kettle.future()) == 100);
        stove.join();
        CHECK(kettle.polls() == 2);
        CHECK(log.text() == "park #1\nunpark #1\n");
    }

    TEST_CASE("a wake during the poll is not slept through") {
        TraceLog log;
        int polls = 0;
        auto ask = [&polls](Context& cx) -> Poll<int> {
            if (++polls == 2) {
                return Ready(2);
            }
            TestThread other([waker = cx.waker()]() mutable { std::move(waker).wake(); });
            other.join();
            return Pending;
        };
        step("block_on a future that is woken by another thread before its poll returns");
        CHECK(block_on(rt::poll_fn(ask)) == 2);
        CHECK(polls == 2);
        CHECK(log.count(Kind::park) == 0);
    }

    TEST_CASE("each wake makes one poll and one more sleep") {
        TraceLog log;
        Remote<int> kettle("the kettle");
        TestThread stove([&] {
            for (int i = 1; i <= 5; ++i) {
                log.wait_for(Kind::park, i);
                kettle.wake_for_nothing();
            }
            log.wait_for(Kind::park, 6);
            kettle.finish(100);
        });
        step("block_on the kettle, which wakes five times for nothing");
        CHECK(block_on(kettle.future()) == 100);
        stove.join();
        CHECK(kettle.polls() == 7);
        CHECK(log.count(Kind::park) == 6);
        CHECK(log.count(Kind::unpark) == 6);
    }

    TEST_CASE("a late wake of an earlier block_on costs at most one poll and does no harm") {
        TraceLog log;
        Waker late;
        step("block_on a future that lends its waker to someone");
        block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
            late = cx.waker();
            return Ready();
        }));
        step("wake it, though nobody waits any more");
        std::move(late).wake();

        Remote<int> kettle("the kettle");
        TestThread stove([&] {
            log.wait_for(Kind::park, 1);
            kettle.finish(100);
        });
        step("block_on the kettle");
        CHECK(block_on(kettle.future()) == 100);
        stove.join();
        CHECK(kettle.polls() <= 3);  // two, if the old token was taken before the first poll
    }

    TEST_CASE("a waker may outlive the thread that waited") {
        Waker kept;
        {
            TestThread waiter([&] {
                block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
                    kept = cx.waker();
                    return Ready();
                }));
            });
        }
        step("the thread has ended; copy its waker, wake it, drop it");
        Waker copy = kept;
        copy.wake_by_ref();
        std::move(copy).wake();
        kept = Waker();
    }

    TEST_CASE("a wake that gives the last reference back unparks first and drops then") {
        Waker last;
        {
            TestThread waiter([&] {
                block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
                    last = cx.waker();
                    return Ready();
                }));
            });
        }
        step("the thread has ended, and nobody else keeps its park: wake by the last waker");
        std::move(last).wake();
        CHECK_FALSE(last);  // NOLINT: looked at on purpose
    }

    TEST_CASE("several threads each block on their own future") {
        int const rounds = rounds_of(200);
        auto work = [rounds] {
            for (int i = 0; i < rounds; ++i) {
                Remote<int> kettle("the kettle");
                TestThread stove([&] { kettle.finish(i); });
                CHECK(block_on(kettle.future()) == i);
                stove.join();
                CHECK(kettle.polls() <= 2);
            }
        };
        step("two threads, {} kettles each", rounds);
        TestThread first(work);
        TestThread second(work);
    }

    TEST_CASE("a wake that comes while the poll returns is never taken for a forgotten waker") {
        int const rounds = rounds_of(5000);
        auto const seed = seed_of_this_run();
        Waker handed_over;
        rt::Atomic<int> handed{0};
        TestThread other([&] {
            Random random(seed);
            for (int round = 1; round <= rounds; ++round) {
                spin_until([&] { return handed.load(rt::acquire) >= round; });
                dawdle(random.below(120));
                std::move(handed_over).wake();
            }
        });
        step("{} times: hand the waker over, return Pending, be woken at that moment", rounds);
        int polls = 0;
        for (int round = 1; round <= rounds; ++round) {
            bool first = true;
            block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
                ++polls;
                if (!std::exchange(first, false)) {
                    return Ready();
                }
                handed_over = cx.waker();
                handed.store(round, rt::release);
                return Pending;
            }));
            still_alive();
        }
        other.join();
        CHECK(polls == 2 * rounds);
    }
}
