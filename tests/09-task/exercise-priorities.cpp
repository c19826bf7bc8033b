/// An exercise without a starter: write a run queue from nothing, in which urgent tasks come first.
///
/// `exercise::Priority` is an enum class with the values `ordinary` and `urgent`. `exercise::PriorityQueue` has two functions:
///  - `spawn(future, priority)` makes a task of the future, puts it into the queue, and returns its JoinHandle.
///  - `run_one()` runs one task of the queue. It returns false if none waits there.
///
/// These are the rules:
///  - `run_one` takes the urgent task that has waited longest. If no urgent task waits, it takes the ordinary one.
///  - After four urgent tasks in a row, an ordinary task that waits gets its turn. So it can't wait forever.
///  - A wake puts a task back among those of its own priority. It may come from any thread.
///  - The destructor of the queue cancels all tasks that wait in it. That may wake other tasks, which are cancelled too.
///
/// Write it into mine/09-task/exercise.hpp. The file needs `#pragma once`, `#include <rt/task.hpp>`, and `namespace exercise`.
/// The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <optional>
#include <string>
#include <utility>

using namespace support;
using exercise::Priority;
using rt::Pending, rt::Ready;

namespace {

/// A task that writes its letter at each poll, and is Ready at the last one. Between two polls, it wakes itself.
auto writes(char letter, std::string& text, int polls = 1) {
    return rt::poll_fn([letter, &text, polls](rt::Context& cx) mutable -> rt::Poll<void> {
        text.push_back(letter);
        if (--polls == 0) {
            return Ready();
        }
        cx.waker().wake_by_ref();
        return Pending;
    });
}

void run_all(exercise::PriorityQueue& queue) {
    step("run one task after the other, until none waits");
    while (queue.run_one()) {}
}

}  // namespace

TEST_SUITE("09 exercise a queue with priorities") {
    TEST_CASE("a task runs and its handle has the result") {
        exercise::PriorityQueue queue;
        CHECK_FALSE(queue.run_one());
        rt::JoinHandle<int> handle = queue.spawn(rt::ready(3), Priority::ordinary);
        CHECK_FALSE(handle.is_finished());
        CHECK(queue.run_one());
        CHECK(handle.is_finished());
        CHECK(handle.take_result() == 3);
        CHECK_FALSE(queue.run_one());
    }

    TEST_CASE("urgent tasks come first and each kind in order") {
        exercise::PriorityQueue queue;
        std::string text;
        step("spawn a and b, which are ordinary, and then X and Y, which are urgent");
        queue.spawn(writes('a', text), Priority::ordinary).detach();
        queue.spawn(writes('b', text), Priority::ordinary).detach();
        queue.spawn(writes('X', text), Priority::urgent).detach();
        queue.spawn(writes('Y', text), Priority::urgent).detach();
        run_all(queue);
        CHECK(text == "XYab");
    }

    TEST_CASE("a wake puts a task back among those of its priority") {
        exercise::PriorityQueue queue;
        std::string text;
        step("spawn a and X, which each wake themselves once, and then b and Y");
        queue.spawn(writes('a', text, 2), Priority::ordinary).detach();
        queue.spawn(writes('X', text, 2), Priority::urgent).detach();
        queue.spawn(writes('b', text), Priority::ordinary).detach();
        queue.spawn(writes('Y', text), Priority::urgent).detach();
        run_all(queue);
        CHECK(text == "XYXaba");
    }

    TEST_CASE("after four urgent tasks an ordinary one has its turn") {
        exercise::PriorityQueue queue;
        std::string text;
        step("spawn a and b, and then X, which is urgent and runs ten times");
        queue.spawn(writes('a', text), Priority::ordinary).detach();
        queue.spawn(writes('b', text), Priority::ordinary).detach();
        queue.spawn(writes('X', text, 10), Priority::urgent).detach();
        run_all(queue);
        CHECK(text == "XXXXaXXXXbXX");
    }

    TEST_CASE("a wake from another thread") {
        exercise::PriorityQueue queue;
        Remote<int> kettle("the kettle");
        rt::JoinHandle<int> handle = queue.spawn(kettle.future(), Priority::urgent);
        CHECK(queue.run_one());
        CHECK_FALSE(queue.run_one());
        step("another thread finishes the kettle");
        TestThread cook([&kettle] { kettle.finish(100); });
        cook.join();
        CHECK(queue.run_one());
        CHECK(handle.take_result() == 100);
    }

    TEST_CASE("the end of the queue cancels the tasks that wait in it") {
        DropCounter futures;
        std::optional<exercise::PriorityQueue> queue(std::in_place);
        auto waiting = rt::poll_fn([token = futures.token()](rt::Context&) -> rt::Poll<int> { return Pending; });
        rt::JoinHandle<int> handle = queue->spawn(std::move(waiting), Priority::ordinary);
        step("destroy the queue");
        queue.reset();
        CHECK(futures.alive() == 0);
        CHECK_THROWS_AS((void)handle.take_result(), rt::Cancelled);
    }

    TEST_CASE("a task that is woken by the end of the queue is cancelled too") {
        DropCounter futures;
        std::optional<exercise::PriorityQueue> queue(std::in_place);
        rt::JoinHandle<int> first = queue->spawn(rt::ready(3), Priority::ordinary);
        step("spawn a task that waits for the handle of another one, and run it");
        auto second = rt::poll_fn(
            [handle = std::move(first), token = futures.token()](rt::Context& cx) mutable { return handle.poll(cx); });
        rt::JoinHandle<int> handle = queue->spawn(std::move(second), Priority::urgent);
        CHECK(queue->run_one());
        step("destroy the queue, in which only the other one waits");
        queue.reset();
        CHECK(futures.alive() == 0);
        CHECK_THROWS_AS((void)handle.take_result(), rt::Cancelled);
    }
}
