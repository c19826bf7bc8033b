/// \file
/// 05.2: when block_on sleeps, and how wakes of this thread and of other threads end the sleep.
#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/counted_future.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

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

    TEST_CASE("two wakes during one poll cause one more poll") {
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
        step("block_on the kettle, which is ready when this thread sleeps or has polled {} times", too_many);
        CHECK(block_on(rt::poll_fn(std::move(counted))) == 100);
        stove.join();
        CHECK_MESSAGE(polls.load() == 2,
                      "block_on polled without a wake. Sleep until a token is there, without a deadline.");
        CHECK(log.count(Kind::park) == 1);
    }

    TEST_CASE("woken from another thread it polls twice and sleeps once") {
        TraceLog log;
        Remote<int> kettle("the kettle");
        TestThread stove([&] {
            log.wait_for(Kind::park, 1);
            kettle.finish(100);
        });
        step("block_on the kettle, which another thread makes ready when this one sleeps");
        CHECK(block_on(kettle.future()) == 100);
        stove.join();
        CHECK(kettle.polls() == 2);
        CHECK_MESSAGE(
            log.text() == "park #1\nunpark #1\n",
            "block_on slept with a deadline, or more than once. Sleep until a token is there, without a deadline.");
    }

    TEST_CASE("a wake during the poll is not lost") {
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
        step("block_on a future that another thread wakes before its poll returns");
        CHECK(block_on(rt::poll_fn(ask)) == 2);
        CHECK(polls == 2);
        CHECK(log.count(Kind::park) == 0);
    }

    TEST_CASE("each wake causes one poll and one more sleep") {
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
        step("block_on the kettle, which wakes five times before it is ready");
        CHECK(block_on(kettle.future()) == 100);
        stove.join();
        CHECK(kettle.polls() == 7);
        CHECK(log.count(Kind::park) == 6);
        CHECK(log.count(Kind::unpark) == 6);
    }

    TEST_CASE("a late wake for an earlier block_on costs at most one poll") {
        TraceLog log;
        Waker late;
        step("block_on a future that hands its waker out");
        block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
            late = cx.waker();
            return Ready();
        }));
        step("wake, although block_on has returned");
        std::move(late).wake();

        Remote<int> kettle("the kettle");
        TestThread stove([&] {
            log.wait_for(Kind::park, 1);
            kettle.finish(100);
        });
        step("block_on the kettle");
        CHECK(block_on(kettle.future()) == 100);
        stove.join();
        CHECK(kettle.polls() <= 3);  // 2 if block_on took the old token before its first poll
    }

    TEST_CASE("a waker can outlive the thread that it wakes") {
        Waker kept;
        {
            TestThread waiter([&] {
                block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
                    kept = cx.waker();
                    return Ready();
                }));
            });
        }
        step("the thread has ended: copy its waker, wake by reference, wake, and drop");
        Waker copy = kept;
        copy.wake_by_ref();
        std::move(copy).wake();
        kept = Waker();
    }

    TEST_CASE("a wake with the last reference unparks first and then drops") {
        Waker last;
        {
            TestThread waiter([&] {
                block_on(rt::poll_fn([&](Context& cx) -> Poll<void> {
                    last = cx.waker();
                    return Ready();
                }));
            });
        }
        step("the thread has ended, and only this waker keeps its park: wake");
        std::move(last).wake();
        CHECK_FALSE(last);  // NOLINT: looked at on purpose
    }

    TEST_CASE("several threads block at the same time") {
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

    TEST_CASE("a wake that comes while the poll returns is not mistaken for a forgotten waker") {
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
        step("{} times: hand the waker to another thread, which wakes while the poll returns Pending", rounds);
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
