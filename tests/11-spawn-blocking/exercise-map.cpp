/// An exercise without a starter: write a `map` that calls a function for each element, on the threads of the pool.
///
/// `exercise::map(items, f)` takes a `std::vector<T>` and a function. It returns a future of a `std::vector` of results:
///  - Each call is `f(item)`, made by `spawn_blocking` at the future's first poll. So the calls run at the same time, if the
///    pool has enough threads.
///  - The results have the order of the elements.
///  - If calls throw, the future waits for all calls, and throws the exception of the first element that failed.
///  - If the future is destroyed before its end, the calls that have not begun never begin.
///
/// Write it into mine/11-spawn-blocking/exercise.hpp. The file needs `#pragma once`, `#include <rt/spawn_blocking.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/blocking_pool.hpp>
#include <rt/current_thread.hpp>
#include <rt/scheduler.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/yield_now.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using rt::Async;

namespace {

/// To be awaited before the first job.
void set_threads(std::size_t max_threads) {
    rt::BlockingOptions options;
    options.max_threads = max_threads;
    rt::current().service<rt::BlockingPool>().set_options(options);
}

}  // namespace

TEST_SUITE("11 exercise a map on the pool") {
    TEST_CASE("the results have the order of the elements") {
        auto body = []() -> Async<std::vector<std::string>> {
            auto twice = [](std::string text) { return text + text; };
            auto mapped = exercise::map(std::vector<std::string>{"a", "b", "c"}, twice);
            co_return co_await mapped;
        };
        rt::CurrentThread runtime;
        step("map a, b, c");
        CHECK(runtime.block_on(body()) == std::vector<std::string>{"aa", "bb", "cc"});
    }

    TEST_CASE("nothing to do") {
        auto body = []() -> Async<std::size_t> {
            auto same = [](int n) { return n; };
            auto mapped = exercise::map(std::vector<int>(), same);
            auto results = co_await mapped;
            co_return results.size();
        };
        rt::CurrentThread runtime;
        step("map an empty vector");
        CHECK(runtime.block_on(body()) == 0);
    }

    TEST_CASE("elements and results that can only be moved") {
        auto body = []() -> Async<int> {
            auto fill = [](std::unique_ptr<int> cup) {
                *cup += 1;
                return cup;
            };
            std::vector<std::unique_ptr<int>> cups;
            cups.push_back(std::make_unique<int>(2));
            auto mapped = exercise::map(std::move(cups), fill);
            auto results = co_await mapped;
            co_return *results.front();
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(body()) == 3);
    }

    TEST_CASE("the calls run at the same time") {
        auto body = []() -> Async<std::size_t> {
            auto all_here = std::make_shared<std::latch>(4);
            auto meet = [all_here](int n) {
                all_here->arrive_and_wait();
                return n;
            };
            auto mapped = exercise::map(std::vector<int>{1, 2, 3, 4}, meet);
            auto results = co_await mapped;
            co_return results.size();
        };
        rt::CurrentThread runtime;
        step("four calls wait for each other");
        CHECK(runtime.block_on(body()) == 4);
    }

    TEST_CASE("no call is made before the first poll") {
        auto body = []() -> Async<> {
            auto may_end = std::make_shared<std::latch>(1);
            auto call = [may_end](int n) {
                may_end->wait();
                return n;
            };
            step("call map, and don't poll its future yet");
            auto mapped = exercise::map(std::vector<int>{1, 2}, call);
            bool const is_at_work = rt::current().has_outside_work();
            may_end->count_down();
            CHECK_MESSAGE(
                !is_at_work,
                "map called spawn_blocking before its future was polled. A coroutine begins at its first poll.");
            (void)co_await mapped;
        };
        rt::CurrentThread runtime;
        runtime.block_on(body());
    }

    TEST_CASE("a call that failed does not end the future while another call runs") {
        auto body = []() -> Async<> {
            set_threads(1);
            auto runs = std::make_shared<std::latch>(1);
            auto may_end = std::make_shared<std::latch>(1);
            auto call = [runs, may_end](int n) {
                if (n == 1) {
                    throw std::runtime_error("no more cups");
                }
                runs->count_down();
                may_end->wait();
                return n;
            };
            auto task = rt::spawn(exercise::map(std::vector<int>{1, 2}, call));
            co_await rt::yield_now();
            step("wait until the first of two calls has failed, and the second runs");
            runs->wait();
            for (int turn = 0; turn < 10; ++turn) {
                co_await rt::yield_now();
            }
            bool const was_finished = task.is_finished();
            may_end->count_down();
            CHECK_MESSAGE(!was_finished,
                          "the future ended while one of its calls still ran. Wait for all calls, and then throw.");
            bool has_thrown = false;
            try {
                (void)co_await task;
            } catch (const std::runtime_error&) {
                has_thrown = true;
            }
            CHECK(has_thrown);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body());
    }

    TEST_CASE("the first element that failed counts after all calls have ended") {
        auto body = [](rt::Atomic<int>* ended) -> Async<std::string> {
            auto check = [ended](int n) {
                ended->fetch_add(1);
                if (n % 2 == 0) {
                    throw std::runtime_error(std::to_string(n) + " is even");
                }
                return n;
            };
            auto mapped = exercise::map(std::vector<int>{1, 2, 3, 4, 5}, check);
            std::string message;
            try {
                (void)co_await mapped;
            } catch (const std::runtime_error& error) {
                message = error.what();
            }
            co_return message;
        };
        rt::Atomic<int> ended{0};
        rt::CurrentThread runtime;
        step("two of five calls throw");
        CHECK(runtime.block_on(body(&ended)) == "2 is even");
        CHECK(ended.load() == 5);
    }

    TEST_CASE("calls that have not begun end with the future") {
        auto body = [](rt::Atomic<int>* begun) -> Async<> {
            set_threads(1);
            auto runs = std::make_shared<std::latch>(1);
            auto may_end = std::make_shared<std::latch>(1);
            auto call = [begun, runs, may_end](int n) {
                begun->fetch_add(1);
                if (n == 0) {
                    runs->count_down();
                    may_end->wait();
                }
                return n;
            };
            auto task = rt::spawn(exercise::map(std::vector<int>{0, 1, 2, 3}, call));
            co_await rt::yield_now();
            runs->wait();
            step("the first call runs, and three wait: abort the task");
            task.abort();
            while (!task.is_finished()) {
                co_await rt::yield_now();
            }
            may_end->count_down();
            auto last = rt::spawn_blocking([] {});
            step("a job that was spawned after them has run");
            co_await last;
        };
        rt::Atomic<int> begun{0};
        rt::CurrentThread runtime;
        runtime.block_on(body(&begun));
        CHECK_MESSAGE(begun.load() == 1, "calls ran although nobody waits for them. Abort the handles that are left.");
    }
}
