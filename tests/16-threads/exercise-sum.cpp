/// An exercise without a starter: write a sum that uses all workers.
///
/// `exercise::sum(first, last, grain, f)` returns a future of a `long`: f(first) + f(first + 1) + … + f(last - 1). `f` is a
/// callable that takes an `int`, and that may be copied. If the range is empty, the sum is 0.
///
///  - A range of at most `grain` numbers is added up in one poll. A longer one is divided into halves, and the halves are
///    summed at the same time. At least one of the two is a task of its own.
///  - An exception of `f` is thrown by the future.
///  - It runs on any runtime. On one thread, the pieces come one after the other.
///
/// Write it into mine/16-threads/exercise.hpp. The file needs `#pragma once`, `#include <rt/async.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/current_thread.hpp>
#include <rt/multi_thread.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <array>
#include <cstddef>
#include <latch>
#include <limits>
#include <memory>
#include <stdexcept>

using namespace support;

TEST_SUITE("16 exercise a sum that uses all workers") {
    TEST_CASE("a range that is short enough is added up at once") {
        rt::CurrentThread runtime;
        TraceLog log{rt::trace::Kind::spawn};
        auto square = [](int n) { return long{n} * n; };
        CHECK(runtime.block_on(exercise::sum(1, 4, 10, square)) == 1 + 4 + 9);
        CHECK(runtime.block_on(exercise::sum(5, 5, 10, square)) == 0);
        CHECK_MESSAGE(log.count(rt::trace::Kind::spawn) == 0, "a range of at most `grain` numbers needs no task");
    }

    TEST_CASE("each number is added once") {
        auto calls = std::make_shared<std::array<rt::Atomic<int>, 1000>>();
        auto count = [calls](int n) {
            (*calls)[static_cast<std::size_t>(n)].fetch_add(1, rt::relaxed);
            return long{n};
        };
        step("add up 0 to 999 on three workers, seven numbers at a time");
        rt::MultiThread runtime(3);
        CHECK(runtime.block_on(runtime.spawn(exercise::sum(0, 1000, 7, count))) == 499'500);
        int wrong = 0;
        for (rt::Atomic<int>& each : *calls) {
            wrong += each.load(rt::relaxed) != 1;
        }
        CHECK(wrong == 0);
    }

    TEST_CASE("pieces run at the same time") {
        std::latch all(4);
        rt::MultiThread runtime(4);
        auto meet = [&all](int n) {
            all.arrive_and_wait();
            return long{n};
        };
        step("four pieces wait for each other, each on a worker of its own");
        CHECK(runtime.block_on(runtime.spawn(exercise::sum(0, 4, 1, meet))) == 6);
    }

    TEST_CASE("it runs on one thread too and needs few tasks") {
        rt::CurrentThread runtime;
        TraceLog log{rt::trace::Kind::spawn};
        CHECK(runtime.block_on(exercise::sum(0, 1000, 100, [](int n) { return long{n}; })) == 499'500);
        CHECK_MESSAGE(log.count(rt::trace::Kind::spawn) <= 32,
                      "a task for each number costs more than the sum. Stop dividing at `grain`.");
    }

    TEST_CASE("an exception comes out") {
        rt::MultiThread runtime(2);
        for (int bad : {0, 500, 999}) {
            auto fail_at = [bad](int n) {
                if (n == bad) {
                    throw std::runtime_error("no such number");
                }
                return long{n};
            };
            step("number {} throws", bad);
            CHECK_THROWS_WITH_AS(runtime.block_on(runtime.spawn(exercise::sum(0, 1000, 10, fail_at))), "no such number",
                                 std::runtime_error);
        }
    }

    TEST_CASE("ranges at the ends of int") {
        constexpr int max = std::numeric_limits<int>::max();
        constexpr int min = std::numeric_limits<int>::min();
        rt::CurrentThread runtime;
        auto one = [](int) { return 1L; };
        CHECK(runtime.block_on(exercise::sum(max - 100, max, 10, one)) == 100);
        CHECK(runtime.block_on(exercise::sum(min, min + 100, 10, one)) == 100);
    }
}
