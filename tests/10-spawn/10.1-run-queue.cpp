/// \file
/// 10.1: the queue of tasks that wait to be run, without a runtime around it.
#include "run_by_hand.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/runnable.hpp>
#include <rt/task.hpp>
#include <rt/task_list.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <utility>
#include <vector>

using namespace support;

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
                queue.push(rt::make_task(note_number(&ran, number), schedule).first);
            }
            CHECK(queue.size() == 3);
            while (auto runnable = queue.pop()) {
                std::move(*runnable).run();
            }
            CHECK(queue.size() == 0);
        }
        CHECK(ran == std::vector<int>{1, 2, 3, 1, 2, 3});
    }

    TEST_CASE("a task that comes back is the last one") {
        struct Requeue final : rt::Schedule {
            std::unique_ptr<rt::TaskQueue> queue = std::make_unique<rt::TaskQueue>();
            void schedule(rt::Runnable runnable) noexcept override { queue->push(std::move(runnable)); }
        };
        Requeue requeue;
        rt::TaskQueue& queue = *requeue.queue;
        auto [first, first_handle] = rt::make_task(rt::Countdown(1), requeue);
        auto [second, second_handle] = rt::make_task(rt::ready(), requeue);
        step("push two tasks, and run the first one, which yields");
        queue.push(std::move(first));
        queue.push(std::move(second));
        std::move(*queue.pop()).run();
        CHECK_FALSE(first_handle.is_finished());
        step("run what is in the queue");
        std::move(*queue.pop()).run();
        CHECK(second_handle.is_finished());
        std::move(*queue.pop()).run();
        CHECK(first_handle.is_finished());
        if (!queue.is_empty()) {
            (void)requeue.queue.release();  // because its destructor would follow the old link
            FAIL_CHECK("the task that came back still had its link from its first time in the queue");
        }
    }

    TEST_CASE("a queue that is destroyed cancels its tasks") {
        NoSchedule schedule;
        std::vector<int> ran;
        auto [runnable, handle] = rt::make_task(note_number(&ran, 1), schedule);
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
