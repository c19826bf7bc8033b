/// \file
/// 11.1: a thread that is about to sleep, sleeps, or gives up waiting, at the moment when a job comes.
#include "pool_under_test.hpp"

#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("11.1 a bounded pool of threads") {
    TEST_CASE("a thread that sleeps is notified") {
        PoolUnderTest test(512);
        test.hold_sleepers();
        step("submit a job that waits");
        rt::SeenLock::after_next_unlock = [&test] {
            REQUIRE_MESSAGE(test.has_outside_work(),
                            "submit released the lock before the job was in the queue, which another thread may change "
                            "meanwhile. Call `enqueue` first.");
        };
        auto first = test.submit_blocker();
        test.blocked.open();
        rt::block_on(std::move(first));
        test.asleep.wait_for(1);
        step("the only thread sleeps: submit a job");
        int const before = notifications();
        auto job = test.submit([] {});
        CHECK(test.threads.started.load() == 1);
        CHECK_MESSAGE(notifications() > before,
                      "the idle thread sleeps, and submit did not notify it. Call work_came_.notify_one().");
        test.asleep.open();
        rt::block_on(std::move(job));
    }

    TEST_CASE("two jobs at once wake two idle threads") {
        PoolUnderTest test(512);
        test.hold_sleepers();
        Gate meeting;
        auto first = test.submit([&meeting] { meeting.pass(); });
        auto second = test.submit([&meeting] { meeting.pass(); });
        meeting.open();
        rt::block_on(std::move(first));
        rt::block_on(std::move(second));
        test.asleep.wait_for(2);
        step("both threads sleep: submit two jobs that block");
        int const before = notifications();
        int const of_all = notifications_of_all();
        (void)test.submit_blocker();
        (void)test.submit_blocker();
        CHECK(test.threads.started.load() == 2);
        CHECK_MESSAGE(
            notifications() >= before + 2,
            "two idle threads sleep, but submit did not notify one for each job. Call work_came_.notify_one().");
        CHECK_MESSAGE(
            notifications_of_all() == of_all,
            "submit notified every idle thread for one job, and all but one of them wake up for nothing. Call "
            "work_came_.notify_one().");
        test.asleep.open();
        test.blocked.wait_for(2);
    }

    TEST_CASE("an idle thread is counted on for one job only") {
        PoolUnderTest test(512);
        test.hold_sleepers();
        (void)test.submit_blocker();
        test.blocked.wait_for(1);
        rt::block_on(test.submit([] {}));
        test.asleep.wait_for(1);
        step("one thread works, the other one sleeps: submit two jobs, before it can take the first");
        (void)test.submit_blocker();
        CHECK(test.threads.started.load() == 2);
        (void)test.submit_blocker();
        REQUIRE_MESSAGE(test.threads.started.load() == 3,
                        "the pool counted on one idle thread for two jobs. It may be notified and not have taken the "
                        "first one yet.");
        test.asleep.open();
        test.blocked.wait_for(3);
    }

    TEST_CASE("a thread that is woken for nothing waits again") {
        PoolUnderTest test(1);
        test.wake_for_nothing(2);
        step("the only thread becomes idle, and wakes up twice although no job came");
        rt::block_on(test.submit([] {}));
        test.wait_for_sleep_or_end();
        REQUIRE_MESSAGE(test.threads.ended.load() == 0,
                        "the thread left although its time was not over. A wait may end for no reason, so look whether "
                        "a job came, and else wait again.");
        rt::block_on(test.submit([] {}));
        CHECK(test.threads.started.load() == 1);
    }

    TEST_CASE("a thread that may be idle for as long as can be said never leaves") {
        PoolUnderTest test(1, std::chrono::nanoseconds::max());
        test.wake_for_nothing(2);
        step("the only thread becomes idle");
        rt::block_on(test.submit([] {}));
        test.wait_for_sleep_or_end();
        REQUIRE_MESSAGE(test.threads.ended.load() == 0,
                        "the thread left at once, because now + idle_time is more than the clock can say. Wait until "
                        "idle_deadline().");
        rt::block_on(test.submit([] {}));
        CHECK(test.threads.started.load() == 1);
    }

    TEST_CASE("a job that comes as its thread gives up waiting is run") {
        PoolUnderTest test(1, 0ns);
        int waits = 0;
        bool ran = false;
        test.threads.instead_of_sleeping = [&] {
            if (++waits == 1) {
                (void)test.submit([&ran] { ran = true; });
            } else if (waits > 3) {
                rt::violation("a thread waits again although its time is over. Wait until idle_deadline().");
            }
        };
        step("a job is submitted at the very moment at which the idle thread's wait times out");
        rt::block_on(test.submit([] {}));
        test.threads.wait_for_ended(1);
        CHECK_MESSAGE(ran,
                      "the thread left because its wait had timed out, but a job counted on it. Look into the queue "
                      "before you leave.");
    }

    TEST_CASE("idle threads leave and new ones come when needed") {
        PoolUnderTest test(512, 0ns);
        for (int i = 0; i < 3; ++i) {
            (void)test.submit_blocker();
        }
        CHECK(test.threads.started.load() == 3);
        step("three threads become idle, and leave at once");
        test.blocked.open();
        test.threads.wait_for_ended(3);
        CHECK_MESSAGE(test.pool.idle_count() == 0,
                      "a thread that has left is counted as idle. Take it off `idle_` whatever ended its wait.");
        rt::block_on(test.submit([] {}));
        test.threads.wait_for_ended(4);
        CHECK(test.threads.started.load() == 4);
    }

    TEST_CASE("a thread that looks for its next job counts as idle") {
        PoolUnderTest test(512);
        rt::JoinHandle<> next(nullptr);
        int started = 0;
        std::latch is_submitted(1);
        step("the only thread has ended its job, and looks into the queue: submit the next one");
        auto job = test.submit([&] {
            rt::SeenLock::after_next_unlock = [&] {
                next = test.submit([] {});
                started = test.threads.started.load();
                is_submitted.count_down();
            };
        });
        is_submitted.wait();
        CHECK_MESSAGE(started == 1,
                      "a thread was started although one was looking for work. Count it in `idle_` meanwhile.");
        rt::block_on(std::move(job));
        rt::block_on(std::move(next));
    }

    TEST_CASE("the end of a pool notifies all idle threads") {
        int const before = notifications_of_all();
        {
            PoolUnderTest test(1);
            rt::block_on(test.submit([] {}));
            step("destroy the pool");
        }
        CHECK_MESSAGE(notifications_of_all() == before + 1,
                      "the pool notified one thread and waits for all of them. Call work_came_.notify_all().");
    }

    TEST_CASE("a job that never ran is destroyed without the lock of the pool") {
        std::latch job_is_gone(1);
        bool is_unlocked = false;
        bool was_unlocked = false;
        {
            PoolUnderTest test(1);
            std::latch runs(1);
            (void)test.submit([&] {
                runs.count_down();
                job_is_gone.wait();
            });
            runs.wait();
            std::shared_ptr<void> ends(nullptr, [&](void*) {
                was_unlocked = is_unlocked;
                job_is_gone.count_down();
            });
            (void)test.submit([ends = std::move(ends)] {});
            rt::SeenLock::after_next_unlock = [&is_unlocked] { is_unlocked = true; };
            step("the only thread is at work: destroy the pool, which drops the job that waits");
        }
        CHECK_MESSAGE(
            was_unlocked,
            "the pool destroyed a job while it held its lock. A destructor in the job may call the pool, which "
            "is a deadlock, so unlock first.");
    }

    TEST_CASE("many jobs on threads that come and go") {
        std::uint64_t const seed = seed_of_this_run();
        Random random(seed);
        rt::Atomic<int> ran{0};
        int submitted = 0;
        PoolUnderTest test(3, 1us);
        for (int round = 0; round < rounds_of(300); ++round) {
            std::vector<rt::JoinHandle<>> jobs;
            for (int n = random.below(8); n > 0; --n) {
                jobs.push_back(test.submit([&ran] { ran.fetch_add(1); }));
                ++submitted;
            }
            for (rt::JoinHandle<>& job : jobs) {
                rt::block_on(std::move(job));
            }
            still_alive();
        }
        CHECK(ran.load() == submitted);
    }
}
