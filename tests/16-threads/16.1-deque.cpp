/// \file
/// 16.1: the queue of a worker, with one thread at a time.
#include "numbered_tasks.hpp"

#include <doctest/doctest.h>
#include <rt/deque.hpp>
#include <rt/future.hpp>
#include <rt/injection.hpp>
#include <rt/task.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

using namespace support;

namespace {

std::vector<int> from_to(int first, int last) {
    std::vector<int> numbers;
    for (int n = first; n <= last; ++n) {
        numbers.push_back(n);
    }
    return numbers;
}

/// The queue of a worker, and where it puts what does not fit.
struct Worker {
    explicit Worker(std::uint64_t first_index = 0) : queue(first_index), thief(first_index) {}

    /// Pushes tasks until there have been `count`.
    void push_up_to(int count) {
        step("push tasks up to number {}", count - 1);
        for (; pushed < count; ++pushed) {
            queue.push(tasks.next(), overflow);
        }
    }
    int pop() { return tasks.take(queue.pop()); }
    int steal() { return tasks.take(thief.steal_from(queue)); }

    NumberedTasks tasks;
    rt::InjectionQueue overflow;
    rt::Deque queue;
    rt::Deque thief;
    int pushed = 0;
};

}  // namespace

TEST_SUITE("16.1 the queue of a worker") {
    TEST_CASE("a new queue is empty") {
        rt::Deque queue;
        CHECK(queue.is_empty());
        CHECK(queue.size() == 0);
        CHECK_FALSE(queue.pop().has_value());
    }

    TEST_CASE("first in first out") {
        Worker w;
        w.push_up_to(3);
        CHECK(w.queue.size() == 3);
        CHECK(w.pop() == 0);
        w.push_up_to(5);
        CHECK(w.tasks.drain(w.queue) == from_to(1, 4));
        CHECK(w.queue.is_empty());
        CHECK(w.overflow.is_empty());
    }

    TEST_CASE("a push says whether the task is the only one") {
        Worker w;
        for (int first : {0, 2}) {
            CHECK_MESSAGE(w.queue.push(w.tasks.next(), w.overflow),
                          "the queue was empty, so the task is the only one here. Return true.");
            CHECK_MESSAGE(not w.queue.push(w.tasks.next(), w.overflow),
                          "another task is in the queue, so the new one isn't the only one here. Return false.");
            CHECK(w.tasks.drain(w.queue) == from_to(first, first + 1));
        }
    }

    TEST_CASE("256 fit and the next one sends the older half to the injection queue") {
        Worker w;
        w.push_up_to(256);
        CHECK_MESSAGE(w.queue.size() == 256, "the queue has 256 slots. Use all of them.");
        CHECK(w.overflow.is_empty());

        CHECK_MESSAGE(
            not w.queue.push(w.tasks.next(), w.overflow),
            "the new task went to the injection queue, and 128 others are here. So it isn't the only one here.");
        CHECK_MESSAGE(w.queue.size() == 128, "a full queue makes room by `move_half`, which takes the new task along");
        std::vector<int> moved = from_to(0, 127);
        moved.push_back(256);
        CHECK(w.tasks.drain(w.overflow) == moved);
        CHECK(w.tasks.drain(w.queue) == from_to(128, 255));
    }

    TEST_CASE("a thief takes the older half rounded up") {
        Worker w;
        w.push_up_to(5);

        CHECK_MESSAGE(w.steal() == 0, "a thief returns the oldest task, and puts the others into its own queue");
        CHECK_MESSAGE(w.thief.size() == 2,
                      "of five tasks a thief takes three: it returns one, and two are in its queue");
        CHECK(w.queue.size() == 2);
        CHECK(w.tasks.drain(w.thief) == from_to(1, 2));
        CHECK(w.tasks.drain(w.queue) == from_to(3, 4));
    }

    TEST_CASE("a thief takes a lone task and nothing of nothing") {
        Worker w;
        CHECK(w.steal() == -1);
        w.push_up_to(1);
        CHECK_MESSAGE(w.steal() == 0, "the half of one task, rounded up, is that task");
        CHECK(w.queue.is_empty());
        CHECK(w.thief.is_empty());
        CHECK(w.pop() == -1);
    }

    TEST_CASE("a thief whose own queue has been in use puts the tasks where it pops next") {
        Worker w;
        step("the thief has pushed and popped three tasks of its own");
        for (int n = 0; n < 3; ++n) {
            w.thief.push(w.tasks.next(), w.overflow);
        }
        CHECK(w.tasks.drain(w.thief) == from_to(0, 2));
        step("it steals from a queue of six");
        for (int n = 0; n < 6; ++n) {
            w.queue.push(w.tasks.next(), w.overflow);
        }
        CHECK(w.steal() == 3);
        CHECK(w.tasks.drain(w.thief) == from_to(4, 5));
        CHECK(w.tasks.drain(w.queue) == from_to(6, 8));
    }

    TEST_CASE("indices run over every power of two") {
        for (std::uint64_t const first :
             {(std::uint64_t{1} << 8U) - 3, (std::uint64_t{1} << 16U) - 3, (std::uint64_t{1} << 32U) - 3,
              std::numeric_limits<std::uint64_t>::max() - 3}) {
            step("begin at index {}", first);
            Worker w(first);
            CHECK(w.queue.is_empty());
            w.push_up_to(256);
            CHECK(w.queue.size() == 256);
            CHECK(w.overflow.is_empty());
            for (int n = 0; n < 250; ++n) {
                CHECK(w.pop() == n);
            }
            w.push_up_to(301);
            CHECK(w.steal() == 250);
            CHECK(w.thief.size() == 25);
            CHECK(w.tasks.drain(w.thief) == from_to(251, 275));
            CHECK(w.tasks.drain(w.queue) == from_to(276, 300));
        }
    }

    TEST_CASE("what is left at the end is cancelled") {
        NeverWoken nowhere;
        DropCounter frames;
        std::vector<rt::JoinHandle<>> handles;
        {
            rt::InjectionQueue overflow;
            rt::Deque queue;
            for (int i = 0; i < 300; ++i) {
                auto wait = [token = frames.token()](rt::Context&) -> rt::Poll<void> { return rt::Pending; };
                auto [runnable, handle] = rt::make_task(rt::poll_fn(std::move(wait)), nowhere);
                queue.push(std::move(runnable), overflow);
                handles.push_back(std::move(handle));
            }
            CHECK(frames.alive() == 300);
        }
        CHECK(frames.alive() == 0);
        for (auto& handle : handles) {
            CHECK(handle.is_finished());
        }
    }
}
