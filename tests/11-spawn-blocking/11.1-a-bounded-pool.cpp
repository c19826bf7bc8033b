#include "pool_under_test.hpp"

#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

void wait_for_all(std::vector<rt::JoinHandle<>> jobs) {
    for (rt::JoinHandle<>& job : jobs) {
        rt::block_on(std::move(job));
    }
}

}  // namespace

TEST_SUITE("11.1 a bounded pool of threads") {
    TEST_CASE("a job runs on a thread of the pool") {
        PoolUnderTest test(4);
        rt::ThreadId ran_on;
        step("submit a job");
        test.expect_no_wait_after_a_notification();
        auto job = test.submit([&ran_on] { ran_on = rt::this_thread_id(); });
        REQUIRE_MESSAGE(test.threads.started.load() == 1,
                        "the pool has no idle thread for the job, but it started none. An idle thread is free only if "
                        "no earlier job in the queue needs it.");
        step("wait for it");
        REQUIRE_MESSAGE(
            test.ends_before_a_thread_sleeps(job),
            "the pool's only thread sleeps, although a job waits. `submit` has to keep the lock until the job "
            "is in the queue, and the thread has to look at the queue.");
        rt::block_on(std::move(job));
        bool const ran_elsewhere = ran_on != rt::this_thread_id();
        CHECK(ran_elsewhere);
        test.let_sleep_until_a_notification();
        step("the thread is idle: destroy the pool, which notifies it");
    }

    TEST_CASE("a job is counted as work outside of the runtime until it has ended") {
        PoolUnderTest test(1);
        auto job = test.submit_blocker();
        CHECK_MESSAGE(test.has_outside_work(),
                      "the job is in the queue, but nobody counted it. Put it there with enqueue(std::move(job)).");
        test.blocked.wait_for(1);
        CHECK_MESSAGE(test.has_outside_work(),
                      "the job runs, and it is not counted any more. Call end_outside_work when it has ended.");
        test.blocked.open();
        rt::block_on(std::move(job));
    }

    TEST_CASE("submit does not wait") {
        PoolUnderTest test(1);
        auto job = test.submit_blocker();
        step("the job was submitted: let it end");
        CHECK_FALSE(job.is_finished());
        test.blocked.open();
        rt::block_on(std::move(job));
    }

    TEST_CASE("jobs begin in the order in which they came") {
        PoolUnderTest test(1);
        std::vector<int> order;
        std::vector<rt::JoinHandle<>> jobs;
        step("one thread runs ten jobs");
        for (int i = 0; i < 10; ++i) {
            jobs.push_back(test.submit([i, &order] { order.push_back(i); }));
        }
        wait_for_all(std::move(jobs));
        CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    }

    TEST_CASE("a thread for each job that blocks") {
        PoolUnderTest test(4);
        for (int n = 1; n <= 4; ++n) {
            step("submit job {}, which blocks its thread", n);
            (void)test.submit_blocker();
            REQUIRE_MESSAGE(
                test.threads.started.load() == n,
                "each thread of the pool has a job that blocks, so this job needs a thread of its own. Start "
                "one, and count a thread in `idle_` only while it waits in `next_job`.");
            test.blocked.wait_for(n);
        }
        CHECK_MESSAGE(
            test.pool.idle_count() == 0,
            "`idle_` is wrong while all threads work. Count a thread when its wait begins, and take it off the "
            "count when its wait has ended.");
    }

    TEST_CASE("never more threads than allowed") {
        PoolUnderTest test(2);
        std::vector<rt::JoinHandle<>> jobs;
        jobs.push_back(test.submit_blocker());
        jobs.push_back(test.submit_blocker());
        REQUIRE_MESSAGE(
            test.threads.started.load() == 2,
            "two jobs block, and `max_threads` is 2, but the pool started one thread. A difference of unsigned "
            "numbers is never negative, so compare `idle_` with the queue's size.");
        step("two jobs hold both threads: submit 100 more");
        for (int i = 0; i < 100; ++i) {
            jobs.push_back(test.submit([] {}));
        }
        CHECK_MESSAGE(test.threads.started.load() == 2,
                      "the pool started more threads than `max_threads`. The other jobs have to wait in the queue.");
        step("let them go on");
        test.blocked.open();
        wait_for_all(std::move(jobs));
        CHECK(test.threads.started.load() == 2);
    }

    TEST_CASE("an idle thread is used again") {
        PoolUnderTest test(512);
        step("fifty jobs, one after the other");
        for (int i = 0; i < 50; ++i) {
            rt::block_on(test.submit([] {}));
            test.wait_for_idle(1);
            REQUIRE_MESSAGE(
                test.threads.started.load() == 1,
                "a thread was started although one was idle. Compare `idle_` with the jobs that were in the "
                "queue before this one.");
        }
    }

    TEST_CASE("a thread that works again is not idle") {
        PoolUnderTest test(512);
        step("a thread runs a job, and becomes idle");
        rt::block_on(test.submit([] {}));
        test.wait_for_idle(1);
        step("it gets a job that blocks");
        (void)test.submit_blocker();
        test.blocked.wait_for(1);
        REQUIRE_MESSAGE(test.pool.idle_count() == 0,
                        "the pool takes a thread that works for an idle one. Count it as idle only while it waits.");
        step("submit another job");
        auto next = test.submit([] {});
        REQUIRE(test.threads.started.load() == 2);
        rt::block_on(std::move(next));
    }

    TEST_CASE("a job may submit the next one") {
        PoolUnderTest test(1);
        rt::JoinHandle<> inner(nullptr);
        rt::block_on(test.submit([&] { inner = test.submit([] {}); }));
        step("the first job has ended: wait for the one that it has submitted");
        rt::block_on(std::move(inner));
        CHECK(test.threads.started.load() == 1);
    }

    TEST_CASE("a thread that cannot be started is not missed while another runs") {
        PoolUnderTest test(512);
        auto first = test.submit_blocker();
        step("no more threads can be started: submit a second job");
        test.threads.fails.store(true);
        auto second = test.submit([] {});
        CHECK_FALSE(second.is_finished());
        step("the first job ends");
        test.blocked.open();
        rt::block_on(std::move(first));
        rt::block_on(std::move(second));
        CHECK(test.threads.started.load() == 1);
    }

    TEST_CASE("a job that is refused never runs") {
        PoolUnderTest test(512);
        test.threads.fails.store(true);
        DropCounter things;
        bool ran = false;
        step("no thread can be started: submit a job");
        CHECK_THROWS_AS((void)test.submit([&ran, token = things.token()] { ran = true; }), std::system_error);
        REQUIRE_MESSAGE(things.alive() == 0,
                        "submit threw and kept the job. Put it into the queue when a thread for it is certain.");
        step("threads can be started again: submit another job");
        test.threads.fails.store(false);
        rt::block_on(test.submit([] {}));
        CHECK_FALSE(ran);
    }
}
