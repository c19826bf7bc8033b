#include "queue.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <deque>
#include <stdexcept>
#include <tuple>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

/// Keeps a handle as long as the process lives: this step is about the other end of the task.
template <class T>
void keep_for_ever(rt::JoinHandle<T> handle) {
    static std::deque<rt::JoinHandle<T>>& kept = *new std::deque<rt::JoinHandle<T>>;
    kept.push_back(std::move(handle));
}

/// Makes a task of `future` whose Runnable waits in `queue`.
template <rt::Future F>
rt::Task& start_task(Queue& queue, F future) {
    auto [runnable, handle] = rt::make_task(std::move(future), queue);
    keep_for_ever(std::move(handle));
    rt::Task& task = runnable.task();
    queue.start(std::move(runnable));
    return task;
}

}  // namespace

TEST_SUITE("09.2 run and wake") {
    TEST_CASE("a task is polled when it is run and not before") {
        Queue queue;
        Remote<> kettle("the kettle");
        step("make a task of the kettle");
        start_task(queue, kettle.future());
        CHECK(kettle.polls() == 0);
        CHECK(queue.run_one());
        CHECK(kettle.polls() == 1);
        CHECK(queue.waiting() == 0);
        CHECK(queue.schedules() == 0);
    }

    TEST_CASE("a future that is ready ends the task and goes at once") {
        Queue queue;
        Remote<> kettle("the kettle");
        rt::Task& task = start_task(queue, kettle.future());
        kettle.finish();
        CHECK_FALSE(task.is_finished());
        CHECK(queue.run_one());
        CHECK(task.is_finished());
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
        CHECK(queue.waiting() == 0);
    }

    TEST_CASE("a wake puts a sleeping task into the queue") {
        Queue queue;
        Remote<> kettle("the kettle");
        rt::Task& task = start_task(queue, kettle.future());
        CHECK(queue.run_one());
        step("the kettle wakes whoever polled it");
        kettle.finish();
        CHECK(queue.schedules() == 1);
        CHECK(kettle.polls() == 1);  // not polled by the wake itself
        CHECK(queue.run_one());
        CHECK(kettle.polls() == 2);
        CHECK(task.is_finished());
    }

    TEST_CASE("many wakes of a sleeping task are one run") {
        Queue queue;
        int polls = 0;
        rt::Waker waker;
        start_task(queue, rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                       ++polls;
                       waker = cx.waker();
                       return Pending;
                   }));
        CHECK(queue.run_one());
        step("wake it three times: twice by reference, once by value");
        waker.wake_by_ref();
        waker.wake_by_ref();
        std::move(waker).wake();
        CHECK(queue.schedules() == 1);
        CHECK(queue.waiting() == 1);
        CHECK(queue.run_one());
        CHECK_FALSE(queue.run_one());
        CHECK(polls == 2);
        step("after that poll a wake counts again");
        std::move(waker).wake();
        CHECK(queue.schedules() == 2);
        CHECK(queue.run_one());
        CHECK(polls == 3);
        waker = rt::Waker();
    }

    TEST_CASE("a wake during the poll runs the task once more") {
        Queue queue;
        step("a countdown wakes itself in its poll");
        rt::Task& task = start_task(queue, rt::Countdown(2));
        CHECK(queue.run_one());
        CHECK(queue.waiting() == 1);
        CHECK(queue.schedules() == 1);
        CHECK(queue.run_one());
        CHECK(queue.run_one());
        CHECK(task.is_finished());
        CHECK(queue.schedules() == 2);
        CHECK(queue.waiting() == 0);
    }

    TEST_CASE("many wakes during one poll are one more run") {
        Queue queue;
        int polls = 0;
        start_task(queue, rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                       if (++polls == 2) {
                           return Ready();
                       }
                       rt::Waker copy = cx.waker();
                       cx.waker().wake_by_ref();
                       std::move(copy).wake();
                       CHECK(queue.waiting() == 0);  // queued when the poll ends, not while it runs
                       return Pending;
                   }));
        CHECK(queue.run_one());
        CHECK(queue.waiting() == 1);
        CHECK(queue.schedules() == 1);
        CHECK(queue.run_one());
        CHECK(polls == 2);
        CHECK_FALSE(queue.run_one());
    }

    TEST_CASE("a wake in the poll that ends the task schedules nothing") {
        Queue queue;
        rt::Task& task = start_task(queue, rt::poll_fn([](rt::Context& cx) -> rt::Poll<void> {
                                        cx.waker().wake_by_ref();
                                        return Ready();
                                    }));
        CHECK(queue.run_one());
        CHECK(task.is_finished());
        CHECK(queue.waiting() == 0);
        CHECK(queue.schedules() == 0);
    }

    TEST_CASE("a task that is done is never polled again") {
        Queue queue;
        int polls = 0;
        rt::Waker waker;
        start_task(queue, rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                       ++polls;
                       waker = cx.waker();
                       return Ready();
                   }));
        CHECK(queue.run_one());
        step("wake it when it is done: by reference, then by value");
        waker.wake_by_ref();
        std::move(waker).wake();
        CHECK(queue.schedules() == 0);
        CHECK_FALSE(queue.run_one());
        CHECK(polls == 1);
    }

    TEST_CASE("the same waker in every poll") {
        Queue queue;
        rt::Waker first;
        int polls = 0;
        start_task(queue, rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                       if (++polls == 1) {
                           first = cx.waker();
                           cx.waker().wake_by_ref();
                           return Pending;
                       }
                       CHECK(cx.waker().will_wake(first));
                       return Ready();
                   }));
        CHECK(queue.run_one());
        CHECK(queue.run_one());
        CHECK(polls == 2);
    }

    TEST_CASE("a task stays where it is") {
        Queue queue;
        Remote<> kettle("the kettle");
        rt::Task& task = start_task(queue, kettle.future());
        int const moves = kettle.moves();
        CHECK(queue.run_one());
        kettle.wake_for_nothing();
        CHECK(queue.run_one());
        kettle.finish();
        CHECK(queue.run_one());
        CHECK(task.is_finished());
        CHECK(kettle.moves() == moves);
    }

    TEST_CASE("tasks run in the order of their wakes") {
        Queue queue;
        Remote<> red("red");
        Remote<> green("green");
        start_task(queue, red.future());
        start_task(queue, green.future());
        CHECK(queue.run_one());
        CHECK(queue.run_one());
        green.finish();
        red.finish();
        CHECK(queue.run_one());
        CHECK(green.polls() == 2);
        CHECK(red.polls() == 1);
        CHECK(queue.run_one());
        CHECK(red.polls() == 2);
    }

    TEST_CASE("an exception ends the task and not the thread that runs it") {
        Queue queue;
        Remote<> kettle("the kettle");
        rt::Task& task = start_task(queue, kettle.future());
        CHECK(queue.run_one());
        kettle.fail(std::runtime_error("the kettle leaks"));
        CHECK(queue.run_one());
        CHECK_MESSAGE(task.is_finished(),
                      "an exception ends the task, too. A task goes on only if its poll was PollResult::pending.");
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("an owned task leaves its list once when it is done") {
        Queue queue;
        auto [runnable, handle] = rt::make_task(rt::Countdown(1), queue, rt::Owned::yes);
        keep_for_ever(std::move(handle));
        queue.start(std::move(runnable));
        CHECK(queue.run_one());
        CHECK(queue.finished() == 0);
        CHECK(queue.run_one());
        CHECK(queue.finished() == 1);
    }

    TEST_CASE("what is announced: a life word for word") {
        TraceLog log;
        Queue queue;
        rt::Waker waker;
        int polls = 0;
        rt::Task& task = start_task(queue, rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                                        switch (++polls) {
                                            case 1: waker = cx.waker(); return Pending;
                                            case 2: cx.waker().wake_by_ref(); return Pending;
                                            default: return Ready();
                                        }
                                    }));
        log.call(&task, "the task");
        CHECK(queue.run_one());
        waker.wake_by_ref();
        waker.wake_by_ref();
        CHECK(queue.run_one());
        CHECK(queue.run_one());
        std::move(waker).wake();
        CHECK(log.text() ==
              "spawn #1\n"
              "poll the task\n"
              "polled the task: Pending\n"
              "wake the task: queued\n"
              "wake the task: already queued\n"
              "poll the task\n"
              "wake the task: already queued\n"
              "polled the task: Pending\n"
              "poll the task\n"
              "polled the task: Ready\n"
              "wake the task: already queued\n");
    }

    TEST_CASE("what is announced: an exception") {
        TraceLog log{TraceLog::Kind::poll_end};
        Queue queue;
        rt::Task& task =
            start_task(queue, rt::poll_fn([](rt::Context&) -> rt::Poll<int> { throw std::runtime_error("no"); }));
        log.call(&task, "the task");
        CHECK(queue.run_one());
        CHECK(log.text() == "polled the task: exception\n");
    }

    TEST_CASE("a Runnable that was run or moved from says so") {
        if constexpr (rt::checks_enabled) {  // without checks g++ sees the null pointer and warns
            constexpr const char* sentence = "a Runnable was used after it was run or moved from";
            expect_violation(sentence, [] {
                Queue queue;
                auto [runnable, handle] = rt::make_task(rt::ready(), queue);
                std::move(runnable).run();
                std::move(runnable).run();
            });
            expect_violation(sentence, [] {
                Queue queue;
                auto [runnable, handle] = rt::make_task(rt::ready(), queue);
                rt::Runnable const moved = std::move(runnable);
                std::ignore = runnable.task();
            });
        }
    }
}
