#include "flavors.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/runtime.hpp>
#include <rt/sync.hpp>
#include <rt/yield_now.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using rt::Flavor;

namespace {

rt::Async<int> square(int n) {
    co_await rt::yield_now();
    co_return n* n;
}

rt::Async<int> squares() {
    rt::JoinSet<int> set;
    for (int n = 1; n <= 200; ++n) {
        set.spawn(square(n));
    }
    int sum = 0;
    while (auto next = co_await set.join_next()) {
        sum += *next;
    }
    co_return sum;
}

rt::Async<rt::ThreadId> thread_of_a_task() {
    auto own = []() -> rt::Async<rt::ThreadId> { co_return rt::this_thread_id(); };
    co_return co_await rt::spawn(own);
}

/// Blocks as many threads as there are tasks, until all of them are here.
rt::Async<> meet(int tasks) {
    auto all = std::make_shared<std::latch>(tasks);
    auto arrive = [](std::shared_ptr<std::latch> latch) -> rt::Async<> {
        latch->arrive_and_wait();
        co_return;
    };
    rt::JoinSet<> set;
    for (int n = 0; n < tasks; ++n) {
        set.spawn(arrive, all);
    }
    while (auto done = co_await set.join_next()) {
        still_alive();
    }
}

rt::Async<std::unique_ptr<int>> move_only() {
    co_await rt::yield_now();
    co_return std::make_unique<int>(7);
}

rt::Async<> fail() {
    co_await rt::yield_now();
    throw std::runtime_error("as was to be expected");
}

rt::Async<> leave_one_behind(DropCounter::Token token) {
    auto forever = [](DropCounter::Token) -> rt::Async<> { co_await rt::pending(); };
    rt::spawn(forever, std::move(token));
    co_await rt::yield_now();
}

}  // namespace

TEST_SUITE("19.2 run") {
    TEST_CASE("values of any kind come back from each runtime") {
        for (Flavor flavor : all_flavors()) {
            step("run on {}", flavor.to_string());
            CHECK(rt::run(flavor, squares()) == 2'686'700);
            CHECK(*rt::run(flavor, move_only()) == 7);
            CHECK(rt::run(flavor, rt::ready(5)) == 5);
            rt::run(flavor, rt::ready());
        }
        CHECK(rt::run(squares()) == 2'686'700);
    }

    TEST_CASE("an exception comes back from each runtime") {
        for (Flavor flavor : all_flavors()) {
            step("run on {}", flavor.to_string());
            CHECK_THROWS_WITH_AS(rt::run(flavor, fail()), "as was to be expected", std::runtime_error);
        }
    }

    TEST_CASE("a task that is left behind ends with its runtime") {
        for (Flavor flavor : all_flavors()) {
            DropCounter frames;
            step("run on {}, and leave a task behind", flavor.to_string());
            rt::run(flavor, leave_one_behind(frames.token()));
            CHECK(frames.alive() == 0);
        }
    }

    TEST_CASE("tasks run on the threads that the flavor names") {
        for (Flavor flavor : all_flavors()) {
            step("run on {}", flavor.to_string());
            bool is_here = rt::run(flavor, thread_of_a_task()) == rt::this_thread_id();
            CHECK(is_here == (flavor.kind != Flavor::Kind::multi_thread));
        }
        step("run three tasks that wait for each other, which needs three workers");
        rt::run(Flavor::multi_thread(3), meet(3));
    }

    TEST_CASE("a flavor that was not built in is said to be so") {
        if (!rt::has_asio) {
            step("run on asio");
            CHECK_THROWS_WITH_AS(rt::run(Flavor::asio(), rt::ready()),
                                 "this program was built without Asio. Install libasio-dev and build again.",
                                 std::runtime_error);
        }
    }
}
