/// \file
/// The smallest executor of the book. The tests play another thread after each access of the executor to an atomic.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/counted_new.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <atomic>
#include <latch>

template <>
inline constexpr bool support::is_stepped<bool> = true;

#define Atomic SteppedAtomic
#define main smallest_executor_main
#include <programs/smallest-executor.cpp>
#undef main
#undef Atomic

using namespace support;
using rt::Pending, rt::Ready;

namespace {

template <rt::Future F>
rt::Async<> task_of(F future) {
    co_await future;
}

/// Ready once it is open. Counts its polls, and keeps the waker of the last one.
struct Door {
    int polls = 0;
    bool is_open = false;
    rt::Waker waker{};

    auto passed() {
        return rt::poll_fn([this](rt::Context& cx) -> rt::Poll<void> {
            ++polls;
            waker = cx.waker();
            if (!is_open) {
                return Pending;
            }
            return Ready();
        });
    }
    void open() {
        is_open = true;
        waker.wake_by_ref();
    }
};

/// One turn: `main` is Pending once, so the executor polls the tasks that are woken, once.
void turn(Executor& executor) { executor.block_on(rt::Countdown(1)); }

}  // namespace

TEST_SUITE("the smallest executor") {
    TEST_CASE("a task is polled once for its birth and once for its wakes") {
        Door door;
        Executor executor;
        JoinHandle handle = executor.spawn(task_of(door.passed()));
        CHECK(door.polls == 0);
        turn(executor);
        turn(executor);
        CHECK(door.polls == 1);

        step("wake twice");
        door.waker.wake_by_ref();
        door.waker.wake_by_ref();
        turn(executor);
        turn(executor);
        CHECK(door.polls == 2);

        step("open the door");
        door.open();
        executor.block_on(std::move(handle));
        CHECK(door.polls == 3);
        door.waker.wake_by_ref();  // the task has ended
        turn(executor);
        CHECK(door.polls == 3);
    }

    TEST_CASE("a task that wakes itself is polled again in the next turn") {
        Executor executor;
        int polls = 0;
        JoinHandle handle = executor.spawn(task_of(rt::poll_fn([&polls](rt::Context& cx) -> rt::Poll<void> {
            cx.waker().wake_by_ref();
            if (++polls < 4) {
                return Pending;
            }
            return Ready();
        })));
        for (int turns = 1; turns <= 3; ++turns) {
            turn(executor);
            CHECK(polls == turns);
        }
        executor.block_on(std::move(handle));
        CHECK(polls == 4);
    }

    TEST_CASE("a wake at any moment of a turn is followed by a poll") {
        int moments = 1;
        for (int moment = 0; moment < moments; ++moment) {
            step("wake after access {}", moment);
            Door door;
            Executor executor;
            JoinHandle handle = executor.spawn(task_of(door.passed()));
            turn(executor);
            door.waker.wake_by_ref();
            int polls_before = 0;
            Steps::between(
                [&](int access, auto&) {
                    if (access == moment) {
                        polls_before = door.polls;
                        door.waker.wake_by_ref();
                    }
                },
                [&] { turn(executor); });
            moments = Steps::accesses + 1;
            turn(executor);
            CHECK(polls_before > 0);
            CHECK(door.polls > polls_before);
            CHECK(door.polls <= 3);
        }
        CHECK(moments > 4);
    }

    TEST_CASE("a wake at any moment before the thread sleeps ends its sleep") {
        int moments = 1;
        for (int moment = 0; moment < moments; ++moment) {
            Door door;
            Executor executor;
            JoinHandle handle = executor.spawn(task_of(door.passed()));
            turn(executor);
            Steps::between([](int, auto&) {},
                           [&] {
                               executor.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                                   CHECK(handle.poll(cx) == Pending);
                                   return Ready();
                               }));
                           });
            moments = Steps::accesses + 1;  // the executor then looks into the queue, and sleeps
            step("open the door after access {} of {}", moment, moments - 1);
            Steps::between(
                [&](int access, auto&) {
                    if (access == moment) {
                        door.open();
                    }
                },
                [&] { executor.block_on(std::move(handle)); });
            CHECK(door.polls == 2);
        }
        CHECK(moments > 4);
    }

    TEST_CASE("a task that ends at any moment of the handle's poll wakes the waiting code") {
        int moments = 1;
        for (int moment = 0; moment < moments; ++moment) {
            step("the task ends after access {}", moment);
            Door door;
            Executor executor;
            JoinHandle handle = executor.spawn(task_of(door.passed()));
            turn(executor);
            CountingWaker waiting;
            rt::Waker const waker = waiting.waker();
            rt::Context cx(waker);
            rt::Poll<void> answer = Pending;
            Steps::between(
                [&](int access, auto&) {
                    if (access == moment) {
                        door.open();
                        turn(executor);
                    }
                },
                [&] { answer = handle.poll(cx); });
            moments = Steps::accesses + 1;
            CHECK(door.polls == 2);
            CHECK((answer.is_ready() || waiting.wakes() == 1));
        }
        CHECK(moments > 3);
    }

    TEST_CASE("nothing is left of a task that has ended") {
        Executor executor;
        auto run_one = [&executor] { executor.block_on(executor.spawn(task_of(rt::Countdown(1)))); };
        run_one();
        long const before = bytes_in_use();
        for (int i = 0; i < 100; ++i) {
            run_one();
        }
        CHECK(bytes_in_use() - before == 0);
    }

    TEST_CASE("a handle throws what the task threw") {
        Executor executor;
        JoinHandle handle = executor.spawn(
            task_of(rt::poll_fn([](rt::Context&) -> rt::Poll<void> { throw std::runtime_error("boom"); })));
        CHECK_THROWS_WITH(executor.block_on(std::move(handle)), "boom");
    }

    TEST_CASE("a task without a handle goes on") {
        Door door;
        Executor executor;
        executor.spawn(task_of(door.passed()));
        turn(executor);
        door.open();
        turn(executor);
        CHECK(door.polls == 2);
    }

    TEST_CASE("an executor that dies destroys its futures and ends its tasks") {
        DropCounter counter;
        std::optional<JoinHandle> handle;
        Door door;
        {
            Executor executor;
            // These two keep their own wakers, inside and outside of their future.
            executor.spawn(task_of(
                rt::poll_fn([waker = rt::Waker(), token = counter.token()](rt::Context& cx) mutable -> rt::Poll<void> {
                    waker = cx.waker();
                    return Pending;
                })));
            handle = executor.spawn(task_of(rt::poll_fn([token = counter.token(), passed = door.passed()](
                                                            rt::Context& cx) mutable { return passed.poll(cx); })));
            turn(executor);
            executor.spawn(
                task_of(rt::poll_fn([token = counter.token()](rt::Context&) -> rt::Poll<void> { return Pending; })));
            CHECK(counter.alive() == 3);
        }
        CHECK(counter.alive() == 0);
        door.open();
        CHECK(door.polls == 1);
        CHECK_THROWS_WITH(rt::block_on(*std::move(handle)), "the executor is gone");
    }

    TEST_CASE("a task that always wakes itself starves neither main nor a neighbor") {
        Executor executor;
        executor.spawn(task_of(rt::poll_fn([](rt::Context& cx) -> rt::Poll<void> {
            cx.waker().wake_by_ref();
            return Pending;
        })));
        JoinHandle neighbor = executor.spawn(task_of(rt::Countdown(10)));
        executor.block_on(std::move(neighbor));
        executor.block_on(rt::Countdown(10));
    }

    TEST_CASE("a handle may be awaited on another thread") {
        Executor executor;
        Bell bell;
        Bell joined;
        JoinHandle handle = executor.spawn(task_of(bell.rung()));
        TestThread joining([&] {
            rt::block_on(std::move(handle));
            joined.ring();
        });
        TestThread ringing([&] { bell.ring(); });
        executor.block_on(joined.rung());
    }

    TEST_CASE("no wake of three threads is lost") {
        int const rounds = rounds_of(2000);
        for (int round = 0; round < rounds; ++round) {
            still_alive();
            Executor executor;
            std::array<Bell, 3> bells;
            std::latch ready(3);
            std::vector<JoinHandle> handles;
            for (Bell& bell : bells) {
                handles.push_back(executor.spawn(task_of(bell.rung())));
            }
            std::vector<TestThread> threads;
            threads.reserve(bells.size());
            for (Bell& bell : bells) {
                threads.emplace_back([&ready, &bell] {
                    ready.arrive_and_wait();
                    bell.ring();
                });
            }
            for (JoinHandle& handle : handles) {
                executor.block_on(rt::by_ref(handle));
            }
        }
    }
}
