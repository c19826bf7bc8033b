#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/scheduler.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

rt::Async<int> add(int a, std::unique_ptr<int> b) {
    co_await rt::yield_now();
    co_return a + *b;
}

/// Spawns as many tasks as a turn has polls, and `more`. Each adds 1 to `*ran`, and ends.
void spawn_for_one_turn(rt::CurrentThread& runtime, unsigned more, int* ran) {
    rt::EnterScheduler entered(runtime);
    for (unsigned n = 0; n < rt::CurrentThread::look_interval + more; ++n) {
        runtime
            .spawn(rt::poll_fn([ran](rt::Context&) -> rt::Poll<void> {
                ++*ran;
                return Ready();
            }))
            .detach();
    }
}

}  // namespace

TEST_SUITE("10.1 the run queue") {
    TEST_CASE("block_on gives the output of its future") {
        rt::CurrentThread runtime;
        step("block on a ready future");
        CHECK(runtime.block_on(rt::ready(3)) == 3);
        step("block on one that yields");
        CHECK(runtime.block_on(add(1, std::make_unique<int>(2))) == 3);
        runtime.block_on(rt::Countdown(20));
    }

    TEST_CASE("block_on throws what its future throws and can be used again") {
        rt::CurrentThread runtime;
        auto fails = rt::poll_fn([](rt::Context&) -> rt::Poll<int> { throw std::runtime_error("no tea"); });
        CHECK_THROWS_WITH_AS(runtime.block_on(std::move(fails)), "no tea", std::runtime_error);
        CHECK(runtime.block_on(rt::ready(3)) == 3);
    }

    TEST_CASE("spawn only queues the task") {
        rt::CurrentThread runtime;
        Notes notes;
        auto main = [](Notes* out) -> rt::Async<> {
            step("main spawns a task");
            auto task = rt::spawn(take_turns(out, "task", 1));
            bool const is_queued = out->empty();
            CHECK_MESSAGE(is_queued,
                          "spawn polled the new task in the middle of main's poll. Queue it instead, and return.");
            co_await task;
        };
        runtime.block_on(main(&notes));
        CHECK(notes == Notes{"task1"});
    }

    TEST_CASE("the output of block_on is moved") {
        rt::CurrentThread runtime;
        DropCounter outputs;
        auto main = [&outputs](rt::Context&) -> rt::Poll<DropCounter::Token> { return Ready(outputs.token()); };
        std::ignore = runtime.block_on(rt::poll_fn(main));
        CHECK_MESSAGE(outputs.copies() == 0, "block_on copied the output of its future. Move it out of the Poll.");
    }

    TEST_CASE("a spawned task runs though nobody awaits it") {
        rt::CurrentThread runtime;
        Notes notes;
        auto main = [](Notes* out) -> rt::Async<> {
            rt::spawn(take_turns(out, "task", 1));
            auto never = take_turns(out, "future", 1);  // made, not polled
            out->push_back("main");
            co_await rt::yield_now();
            out->push_back("main again");
        };
        step("main spawns a task, makes a future, and yields once");
        runtime.block_on(main(&notes));
        CHECK(notes == Notes{"main", "task1", "main again"});
    }

    TEST_CASE("tasks take turns in the order in which they were spawned") {
        rt::CurrentThread runtime;
        Notes notes;
        auto main = [](Notes* out) -> rt::Async<> {
            auto red = rt::spawn(take_turns(out, "red", 3));
            auto green = rt::spawn(take_turns(out, "green", 2));
            auto blue = rt::spawn(take_turns(out, "blue", 3));
            co_await blue;
            co_await green;
            co_await red;
        };
        step("three tasks, three turns each at most");
        runtime.block_on(main(&notes));
        CHECK(notes == Notes{"red1", "green1", "blue1", "red2", "green2", "blue2", "red3", "blue3"});
    }

    TEST_CASE("woken first: polled first") {
        rt::CurrentThread runtime;
        Remote<> red("red");
        Remote<> green("green");
        Remote<> blue("blue");
        Notes notes;
        auto wait = [](Notes* out, std::string name, CountedFuture<void> future) -> rt::Async<> {
            co_await future;
            out->push_back(name);
        };
        auto main = [&, polls = 0](rt::Context& cx) mutable -> rt::Poll<void> {
            switch (++polls) {
                case 1:
                    rt::spawn(wait(&notes, "red", red.future())).detach();
                    rt::spawn(wait(&notes, "green", green.future())).detach();
                    rt::spawn(wait(&notes, "blue", blue.future())).detach();
                    break;
                case 2:
                    blue.finish();
                    red.finish();
                    green.finish();
                    break;
                default: return Ready();
            }
            cx.waker().wake_by_ref();
            return Pending;
        };
        runtime.block_on(rt::poll_fn(main));
        CHECK(notes == Notes{"blue", "red", "green"});
        CHECK(red.polls() == 2);
        CHECK(green.polls() == 2);
        CHECK(blue.polls() == 2);
    }

    TEST_CASE("what is announced: the order of polls word for word") {
        TraceLog log{TraceLog::Kind::spawn, TraceLog::Kind::poll_begin, TraceLog::Kind::wake, TraceLog::Kind::poll_end};
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<> {
            auto first = rt::spawn(rt::Countdown(1));
            auto second = rt::spawn(rt::Countdown(0));
            co_await first;
            co_await second;
        };
        runtime.block_on(main());
        CHECK(log.text() ==
              "spawn #1\n"
              "spawn #2\n"
              "poll #1\n"
              "wake #1: already queued\n"
              "polled #1: Pending\n"
              "poll #2\n"
              "polled #2: Ready\n"
              "poll #1\n"
              "polled #1: Ready\n");
    }

    TEST_CASE("an aborted task is destroyed by the runtime and its handle says so") {
        rt::CurrentThread runtime;
        Remote<> kettle("the kettle");
        auto main = [](CountedFuture<void> boil, Remote<void>* remote) -> rt::Async<> {
            auto handle = rt::spawn(std::move(boil));
            co_await rt::yield_now();
            CHECK(remote->polls() == 1);
            step("abort the kettle");
            handle.abort();
            CHECK(remote->drops() == 0);
            bool cancelled = false;
            try {
                co_await handle;
            } catch (const rt::Cancelled&) {
                cancelled = true;
            }
            CHECK(cancelled);
            CHECK(remote->drops() == 1);
        };
        runtime.block_on(main(kettle.future(), &kettle));
        CHECK(kettle.polls() == 1);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("a detached task goes on to its end") {
        rt::CurrentThread runtime;
        Notes notes;
        auto main = [](Notes* out) -> rt::Async<> {
            rt::spawn(take_turns(out, "task", 3));
            for (int n = 0; n < 5; ++n) {
                co_await rt::yield_now();
            }
        };
        runtime.block_on(main(&notes));
        CHECK(notes == Notes{"task1", "task2", "task3"});
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("between two block_on the tasks stand still") {
        rt::CurrentThread runtime;
        Notes notes;
        auto main = [&notes](rt::Context&) -> rt::Poll<void> {
            rt::spawn(take_turns(&notes, "task", 9)).detach();
            return Ready();
        };
        step("block on a main that spawns a task and is done");
        runtime.block_on(rt::poll_fn(main));
        CHECK_MESSAGE(notes.empty(), "block_on ran a task after its own future was Ready. It returns at once instead.");
        CHECK(runtime.task_count() == 1);
        step("block on one that is ready");
        runtime.block_on(rt::ready());
        CHECK_MESSAGE(notes.empty(), "block_on ran a task before it polled main. Poll main first.");
        step("block on one that yields once, and then on one that yields twenty times");
        runtime.block_on(rt::Countdown(1));
        CHECK(!notes.empty());
        runtime.block_on(rt::Countdown(20));
        CHECK(notes.size() == 9);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("a turn ends after 61 polls and keeps the rest") {
        rt::CurrentThread runtime;
        int ran = 0;
        spawn_for_one_turn(runtime, 1, &ran);
        step("a turn of a runtime with 62 tasks that are ready");
        runtime.turn();
        CHECK_MESSAGE(ran == 61,
                      "a turn polled too many tasks or too few. It ends when `polls_` has reached look_interval.");
        CHECK_MESSAGE(
            runtime.task_count() == 1,
            "a Runnable was taken out of the queue and not run, which cancels its task. Look at `polls_` before you pop.");
        runtime.turn();
        CHECK(ran == 62);
    }

    TEST_CASE("a poll of main counts too") {
        rt::CurrentThread runtime;
        int ran = 0;
        step("block on a main that is ready, which is one poll");
        runtime.block_on(rt::ready());
        spawn_for_one_turn(runtime, 0, &ran);
        step("a turn of that runtime, with 61 tasks that are ready");
        runtime.turn();
        CHECK_MESSAGE(
            ran == 60,
            "main had been polled once, so 60 polls were left, but the turn didn't poll 60 tasks. End it when `polls_`, which "
            "counts main's polls too, has reached look_interval.");
        runtime.turn();
        CHECK(ran == 61);
    }

    TEST_CASE("a task that is spawned while the runtime closes ends at once") {
        struct SpawnsAtTheEnd {
            explicit SpawnsAtTheEnd(rt::Scheduler& scheduler) : runtime(static_cast<rt::CurrentThread&>(scheduler)) {}
            ~SpawnsAtTheEnd() {
                step("a service is destroyed, and spawns a task");
                runtime.spawn(rt::ready()).detach();
                CHECK_MESSAGE(
                    runtime.task_count() == 0,
                    "a task was spawned during the shutdown, and afterwards the list of tasks was wrong. Insert a task in "
                    "every case. Then schedule its Runnable, or drop it, which takes the task out again.");
            }
            rt::CurrentThread& runtime;
        };
        rt::CurrentThread runtime;
        runtime.service<SpawnsAtTheEnd>();
        step("destroy the runtime");
    }
}
