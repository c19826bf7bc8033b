/// \file
/// 16.0: the queue of all, and where workers sleep.
#include "numbered_tasks.hpp"

#include <doctest/doctest.h>
#include <rt/injection.hpp>
#include <rt/park.hpp>
#include <rt/task_list.hpp>
#include <rt/worker_park.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <array>
#include <vector>

using namespace support;
using Kind = rt::trace::Kind;

TEST_SUITE("16.0 given: the queue of all and where workers sleep") {
    TEST_CASE("the injection queue gives each worker its share") {
        NumberedTasks tasks;
        rt::InjectionQueue injection;
        for (int n = 0; n < 10; ++n) {
            injection.push(tasks.next(), [] {});
        }
        CHECK_FALSE(injection.is_empty());

        step("one of four workers");
        rt::TaskQueue quarter = injection.take_share(4, 128);
        CHECK(tasks.drain(quarter) == std::vector<int>{0, 1, 2});  // 10 / 4 + 1

        step("the only worker, at most five");
        rt::TaskQueue five = injection.take_share(1, 5);
        CHECK(tasks.drain(five) == std::vector<int>{3, 4, 5, 6, 7});
        CHECK(tasks.drain(injection) == std::vector<int>{8, 9});
        CHECK(injection.take_share(4, 128).is_empty());
        CHECK(injection.is_empty());
    }

    TEST_CASE("an unpark before the park is not lost and leaves the driver free") {
        rt::ThreadPark driver;
        rt::TryLock lock;
        rt::WorkerPark park;
        park.unpark();
        park.park(driver, lock);
        CHECK(lock.try_lock());
        CHECK_FALSE(driver.has_token());
    }

    TEST_CASE("one worker at a time is in the driver") {
        rt::TryLock lock;
        CHECK(lock.try_lock());
        CHECK_FALSE(lock.try_lock());
        lock.unlock();
        CHECK(lock.try_lock());
    }

    TEST_CASE("the first sleeps in the driver and the second elsewhere and both are reached") {
        TraceLog log{Kind::park};
        rt::ThreadPark driver;
        log.call(&driver, "the driver");
        rt::TryLock lock;
        std::array<rt::WorkerPark, 2> parks;

        step("the first goes to sleep");
        TestThread first([&] { parks[0].park(driver, lock); });
        log.wait_for(Kind::park, 1);
        CHECK(log.text() == "park the driver\n");
        CHECK_FALSE(lock.try_lock());

        step("the second goes to sleep");
        TestThread second([&] { parks[1].park(driver, lock); });
        log.wait_for(Kind::park, 2);
        CHECK(log.text() == "park the driver\npark #1\n");

        step("the second is woken");
        parks[1].unpark();
        second.join();
        CHECK_FALSE(lock.try_lock());
        step("the first is woken");
        parks[0].unpark();
        first.join();
        CHECK(lock.try_lock());
    }
}
