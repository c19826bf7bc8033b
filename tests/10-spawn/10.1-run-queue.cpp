/// \file
/// 10.1: the queue of tasks that wait to be run, without a runtime around it.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/runnable.hpp>
#include <rt/task.hpp>
#include <rt/task_list.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <utility>
#include <vector>

using namespace support;

namespace {

/// No task of this file is woken.
struct NoSchedule final : rt::Schedule {
    void schedule(rt::Runnable) noexcept override { FAIL("a task was scheduled that nobody has woken"); }
};

/// Notes its number when it is polled.
auto note(std::vector<int>* out, int number) {
    return rt::poll_fn([out, number](rt::Context&) -> rt::Poll<void> {
        out->push_back(number);
        return rt::Ready();
    });
}

}  // namespace

TEST_SUITE("10.1 the run queue") {
    TEST_CASE("the first task in is the first one out") {
        NoSchedule schedule;
        std::vector<int> ran;
        rt::TaskQueue queue;
        CHECK(queue.is_empty());
        CHECK_FALSE(queue.pop().has_value());
        step("push three, pop three, twice");
        for (int round = 0; round < 2; ++round) {
            for (int number = 1; number <= 3; ++number) {
                queue.push(rt::make_task(note(&ran, number), schedule).first);
            }
            CHECK(queue.size() == 3);
            while (auto runnable = queue.pop()) {
                std::move(*runnable).run();
            }
            CHECK(queue.size() == 0);
        }
        CHECK(ran == std::vector<int>{1, 2, 3, 1, 2, 3});
    }

    TEST_CASE("one queue is moved to the end of another") {
        NoSchedule schedule;
        std::vector<int> ran;
        rt::TaskQueue queue;
        rt::TaskQueue other;
        step("append an empty queue, then a queue of two, to an empty one");
        queue.append(other);
        CHECK(queue.is_empty());
        other.push(rt::make_task(note(&ran, 1), schedule).first);
        other.push(rt::make_task(note(&ran, 2), schedule).first);
        queue.append(other);
        CHECK(other.is_empty());
        CHECK(other.size() == 0);
        CHECK(queue.size() == 2);
        step("append a queue of one, and push one more");
        other.push(rt::make_task(note(&ran, 3), schedule).first);
        queue.append(other);
        queue.push(rt::make_task(note(&ran, 4), schedule).first);
        CHECK(queue.size() == 4);
        while (auto runnable = queue.pop()) {
            std::move(*runnable).run();
        }
        CHECK(ran == std::vector<int>{1, 2, 3, 4});
    }

    TEST_CASE("a queue that is destroyed cancels its tasks") {
        NoSchedule schedule;
        std::vector<int> ran;
        auto [runnable, handle] = rt::make_task(note(&ran, 1), schedule);
        {
            rt::TaskQueue queue;
            queue.push(std::move(runnable));
            step("destroy the queue");
        }
        CHECK(ran.empty());
        CHECK(handle.is_finished());
        CHECK_THROWS_AS(handle.take_result(), rt::Cancelled);
    }
}
