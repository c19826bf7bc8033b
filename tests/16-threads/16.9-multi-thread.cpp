/// \file
/// 16.9: tasks on several threads: what they are to their runtime and to each other.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sync.hpp>
#include <rt/sys_process.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <sched.h>

using namespace support;

namespace {

rt::Async<int> give(int n) { co_return n; }

rt::Async<rt::ThreadId> where_am_i() { co_return rt::this_thread_id(); }

rt::Async<> meet(std::latch* latch) {
    latch->arrive_and_wait();
    co_return;
}

rt::Async<int> fail_with(std::string what) {
    co_await rt::yield_now();
    throw std::runtime_error(what);
}

}  // namespace

TEST_SUITE("16.9 all together") {
    TEST_CASE("block_on runs its future on the calling thread") {
        rt::MultiThread runtime(2);
        CHECK(runtime.worker_count() == 2);
        CHECK(runtime.block_on(rt::ready(3)) == 3);
        CHECK(runtime.block_on(where_am_i()) == rt::this_thread_id());
        CHECK(rt::try_current() == nullptr);
    }

    TEST_CASE("as many workers as the machine runs at once") {
        rt::MultiThread runtime;
        CHECK(runtime.worker_count() == rt::available_parallelism());
        CHECK(runtime.is_multi_threaded());
    }

    TEST_CASE("a process that may use one processor has one worker") {
        cpu_set_t all;
        REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
        int first = 0;
        while (!CPU_ISSET(first, &all)) {
            ++first;
        }
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(first, &one);
        REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
        CHECK(rt::available_parallelism() == 1);
        rt::MultiThread runtime;
        CHECK(runtime.worker_count() == 1);
    }

    TEST_CASE("tasks run on the workers") {
        rt::MultiThread runtime(2);
        rt::ThreadId const inside = runtime.block_on(runtime.spawn(where_am_i()));
        CHECK(inside != rt::this_thread_id());
    }

    TEST_CASE("the runtime is the current one in block_on and in tasks") {
        rt::MultiThread runtime(2);
        auto look = [](rt::Context&) -> rt::Poll<rt::Scheduler*> { return rt::Ready(rt::try_current()); };
        CHECK(runtime.block_on(rt::poll_fn(look)) == &runtime);
        CHECK(runtime.block_on(runtime.spawn(rt::poll_fn(look))) == &runtime);
    }

    TEST_CASE("a task belongs to the runtime that it was spawned on") {
        rt::MultiThread first(1);
        rt::MultiThread second(1);
        step("a task of one runtime spawns a task on another one");
        auto spawn_elsewhere = [](rt::MultiThread* other) -> rt::Async<bool> {
            auto look = [other](rt::Context&) -> rt::Poll<bool> { return rt::Ready(rt::try_current() == other); };
            rt::JoinHandle<bool> task = other->spawn(rt::poll_fn(look));
            co_return co_await task;
        };
        CHECK_MESSAGE(
            first.block_on(first.spawn(spawn_elsewhere(&second))),
            "a worker has put the task of another runtime into its own queue. Compare its crew with this one.");
    }

    TEST_CASE("block_on destroys its future while its runtime is the current one") {
        rt::MultiThread runtime(1);
        rt::Scheduler* current = nullptr;
        auto note = [&current](void*) { current = rt::try_current(); };
        auto future = [guard = std::shared_ptr<void>(nullptr, note)](rt::Context&) -> rt::Poll<void> {
            return rt::Ready();
        };
        runtime.block_on(rt::poll_fn(std::move(future)));
        CHECK_MESSAGE(
            current == &runtime,
            "the future was destroyed after `block_on` had left its runtime, so its destructor can't use that.");
    }

    TEST_CASE("spawn inside of block_on and inside of tasks") {
        auto inner = []() -> rt::Async<int> {
            rt::JoinHandle<int> handle = rt::spawn(give(20));
            co_return co_await handle + 1;
        };
        auto outer = [inner]() -> rt::Async<int> {  // house-rule: allow named, and it outlives its frame
            rt::JoinHandle<int> handle = rt::spawn(inner);
            co_return co_await handle * 2;
        };
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(outer()) == 42);
    }

    TEST_CASE("what block_on runs need not be Send") {
        struct Bound : rt::ThreadBound {
            using Output = int;
            Bound() = default;
            rt::Poll<int> poll(rt::Context& cx) {
                require_own_thread("Bound");
                if (polls++ == 0) {
                    cx.waker().wake_by_ref();
                    return rt::Pending;
                }
                return rt::Ready(polls);
            }
            int polls = 0;
        };
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(Bound()) == 2);
    }

    TEST_CASE("an exception of a task goes to its handle and the worker goes on") {
        rt::MultiThread runtime(2);
        for (int n = 0; n < 100; ++n) {
            std::string const what = "number " + std::to_string(n);
            CHECK_THROWS_WITH_AS(runtime.block_on(runtime.spawn(fail_with(what))), what.c_str(), std::runtime_error);
        }
        CHECK_THROWS_AS(runtime.block_on(fail_with("main")), std::runtime_error);
        std::latch both(2);
        rt::JoinHandle<> one = runtime.spawn(meet(&both));
        runtime.block_on(runtime.spawn(meet(&both)));
        runtime.block_on(std::move(one));
    }

    TEST_CASE("abort destroys a waiting task") {
        DropCounter frames;
        Remote<> never("never");
        rt::MultiThread runtime(2);
        auto wait = [](CountedFuture<void> future, DropCounter::Token) -> rt::Async<> { co_await future; };
        rt::JoinHandle<> handle = runtime.spawn(wait(never.future(), frames.token()));
        handle.abort();
        CHECK_THROWS_AS(runtime.block_on(std::move(handle)), rt::Cancelled);
        CHECK(frames.alive() == 0);
    }

    TEST_CASE("stress: abort meets a poll") {
        int const times = rounds_of(2'000);
        Random random(seed_of_this_run());
        DropCounter frames;
        rt::MultiThread runtime(2);
        auto spin = [](DropCounter::Token) -> rt::Async<> {
            for (;;) {
                co_await rt::yield_now();
            }
        };
        step("abort a task that runs, {} times", times);
        for (int n = 0; n < times; ++n) {
            still_alive();
            rt::JoinHandle<> handle = runtime.spawn(spin(frames.token()));
            for (int pause = random.below(500); pause > 0; --pause) {
                still_alive();
            }
            handle.abort();
            CHECK_THROWS_AS(runtime.block_on(std::move(handle)), rt::Cancelled);
            REQUIRE(frames.alive() == 0);
        }
    }

    TEST_CASE("a detached task runs to its end") {
        rt::MultiThread runtime(2);
        std::latch done(1);
        auto run = [&done]() -> rt::Async<> {  // house-rule: allow spawned as a callable, which the task keeps
            co_await rt::yield_now();
            done.count_down();
        };
        auto main = [&run]() -> rt::Async<> {  // house-rule: allow named, and it outlives its frame
            rt::spawn(run).detach();
            co_return;
        };
        runtime.block_on(main());
        done.wait();
    }

    TEST_CASE("a JoinSet of thousands of tasks") {
        int const size = rounds_of(10'000);
        auto main = [](int count) -> rt::Async<long> {
            rt::JoinSet<int> tasks;
            for (int n = 0; n < count; ++n) {
                tasks.spawn(give(n));
            }
            long sum = 0;
            while (!tasks.is_empty()) {
                still_alive();
                std::optional<int> one = co_await tasks.join_next();
                sum += *one;
            }
            co_return sum;
        };
        rt::MultiThread runtime(3);
        step("from outside");
        CHECK(runtime.block_on(main(size)) == long{size} * (size - 1) / 2);
        step("from inside");
        CHECK(runtime.block_on(runtime.spawn(main(size))) == long{size} * (size - 1) / 2);
    }

    TEST_CASE("block_on on several threads at once") {
        rt::MultiThread runtime(2);
        std::latch all(3);
        auto use = [&](int first) {
            all.arrive_and_wait();
            auto main = [](int from) -> rt::Async<int> {
                int sum = 0;
                for (int n = from; n < from + 200; ++n) {
                    rt::JoinHandle<int> handle = rt::spawn(give(n));
                    sum += co_await handle;
                }
                co_return sum;
            };
            CHECK(runtime.block_on(main(first)) == 200 * first + 19'900);
        };
        step("three threads run their own main on one runtime");
        TestThread one([&] { use(1'000); });
        TestThread two([&] { use(2'000); });
        use(3'000);
    }

    TEST_CASE("two runtimes hand tasks' wakes to each other") {
        rt::MultiThread left(1);
        rt::MultiThread right(1);
        auto across = [](rt::MultiThread* other) -> rt::Async<int> {
            int sum = 0;
            for (int n = 0; n < 200; ++n) {
                rt::JoinHandle<int> handle = other->spawn(give(n));
                sum += co_await handle;
            }
            co_return sum;
        };
        CHECK(left.block_on(left.spawn(across(&right))) == 19'900);
    }

    TEST_CASE("the budget is refilled for each poll") {
        rt::MultiThread runtime(1);
        auto spend_all = [](rt::Context& cx) -> rt::Poll<unsigned> {
            unsigned n = 0;
            rt::budget::Share share;
            for (; share.poll_proceed(cx); ++n) {
                rt::budget::spend();
            }
            return rt::Ready(n);
        };
        CHECK(runtime.block_on(rt::poll_fn(spend_all)) == rt::budget::per_poll);
        CHECK(runtime.block_on(runtime.spawn(rt::poll_fn(spend_all))) == rt::budget::per_poll);
        CHECK(runtime.block_on(runtime.spawn(rt::poll_fn(spend_all))) == rt::budget::per_poll);
    }

    TEST_CASE("block_on leaves its thread without a budget") {
        rt::MultiThread runtime(1);
        auto fail = [](rt::Context&) -> rt::Poll<int> { throw std::runtime_error("main"); };
        auto spend_more = [](rt::Context& cx) -> rt::Poll<unsigned> {
            unsigned n = 0;
            rt::budget::Share share;
            for (; n <= rt::budget::per_poll && share.poll_proceed(cx); ++n) {
                rt::budget::spend();
            }
            return rt::Ready(n);
        };
        CHECK(runtime.block_on(rt::ready(1)) == 1);
        CHECK(rt::block_on(rt::poll_fn(spend_more)) > rt::budget::per_poll);
        CHECK_THROWS_AS(runtime.block_on(rt::poll_fn(fail)), std::runtime_error);
        CHECK(rt::block_on(rt::poll_fn(spend_more)) > rt::budget::per_poll);
    }

    TEST_CASE("misuse is a sentence") {
        expect_violation(
            "MultiThread was made with 0 workers", [] { rt::MultiThread runtime(0); }, Noticed::in_every_build);
        expect_violation(
            "spawn_local was called on a multi_thread runtime",
            [] {
                rt::MultiThread runtime(1);
                auto local = [](rt::Context&) -> rt::Poll<void> {
                    rt::spawn_local(rt::ready()).detach();
                    return rt::Ready();
                };
                runtime.block_on(rt::poll_fn(local));
            },
            Noticed::in_every_build);
        expect_violation(
            "block_on inside a future",
            [] {
                rt::MultiThread runtime(1);
                auto nested = [&runtime](rt::Context&) -> rt::Poll<int> {
                    return rt::Ready(runtime.block_on(rt::ready(1)));
                };
                runtime.block_on(runtime.spawn(rt::poll_fn(nested)));
            },
            Noticed::in_every_build);
        expect_violation(
            "MultiThread: was destroyed inside a future",
            [] {
                auto runtime = std::make_unique<rt::MultiThread>(1);
                auto destroy = [&runtime](rt::Context&) -> rt::Poll<void> {
                    runtime.reset();
                    return rt::Ready();
                };
                rt::MultiThread* const address = runtime.get();
                address->block_on(address->spawn(rt::poll_fn(destroy)));
            },
            Noticed::in_every_build);
        expect_violation(
            "MultiThread: was destroyed by a job of its own spawn_blocking",
            [] {
                std::latch owner_gone(1);
                std::latch destroyed(1);
                auto runtime = std::make_shared<rt::MultiThread>(1);
                auto destroy = [&, last = runtime]() mutable {
                    owner_gone.wait();
                    last.reset();
                    destroyed.count_down();
                };
                auto start = [](auto job) -> rt::Async<> {
                    rt::spawn_blocking(std::move(job)).detach();
                    co_return;
                };
                runtime->block_on(start(std::move(destroy)));
                runtime.reset();
                owner_gone.count_down();
                destroyed.wait();
            },
            Noticed::in_every_build);
    }
}
