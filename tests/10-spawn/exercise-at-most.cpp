/// An exercise without a starter: write a function that does many things at once, but not too many. A server that asks a
/// database for each of ten thousand users needs it. Call it `exercise::map_at_most`.
///
/// `exercise::map_at_most(limit, items, f)` returns a future. `items` is a `std::vector`, and `f(item)` returns a future whose
/// Output isn't void:
///  - The future of each item runs as a task of its own. At most `limit` of these tasks run at once.
///  - `f` is called in the order of the items, and for each item not before its task may start.
///  - When all tasks have ended, the future is Ready with a `std::vector` of their outputs, in the order of the items.
///  - If a task throws, the exception leaves the future at once. The other tasks are aborted, and no more are started.
///  - If the future is destroyed, its tasks are aborted.
///
/// Write it into mine/10-spawn/exercise.hpp. The file needs `#pragma once`, `#include <rt/join_set.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;

namespace {

/// How many tasks run, and how many ran at most at one time.
struct Crowd {
    int now = 0;
    int most = 0;
};

/// Yields `turns` times, and then its number times ten.
rt::Async<int> ten_times(Crowd* crowd, int turns) {
    crowd->most = std::max(crowd->most, ++crowd->now);
    for (int turn = 0; turn < turns; ++turn) {
        co_await rt::yield_now();
    }
    --crowd->now;
    co_return 10 * turns;
}

}  // namespace

TEST_SUITE("10 exercise many tasks but not too many at once") {
    TEST_CASE("the outputs come in the order of the items") {
        rt::CurrentThread runtime;
        Crowd crowd;
        auto f = [&crowd](int turns) { return ten_times(&crowd, turns); };
        std::vector<int> const items{3, 1, 2, 5, 4};
        CHECK(runtime.block_on(exercise::map_at_most(3, items, f)) == std::vector<int>{30, 10, 20, 50, 40});
        CHECK_MESSAGE(crowd.most == 3, "three tasks may run at once");
        step("no items at all");
        CHECK(runtime.block_on(exercise::map_at_most(3, std::vector<int>(), f)).empty());
        step("a limit that is larger than the number of items");
        CHECK(runtime.block_on(exercise::map_at_most(100, items, f)).size() == 5);
        CHECK(crowd.most == 5);
    }

    TEST_CASE("the next one starts when any other has ended") {
        rt::CurrentThread runtime;
        Remote<int> kettles[4];
        std::vector<int> started;
        auto f = [&](int number) {
            started.push_back(number);
            return kettles[number].future();
        };
        auto main = [](auto boil, Remote<int>* remotes, const std::vector<int>* begun) -> rt::Async<std::vector<int>> {
            auto all = rt::spawn(exercise::map_at_most(2, std::vector<int>{0, 1, 2, 3}, boil));
            co_await rt::yield_now();
            co_await rt::yield_now();
            CHECK(*begun == std::vector<int>{0, 1});
            CHECK(remotes[1].polls() == 1);
            remotes[1].finish(11);
            co_await rt::yield_now();
            co_await rt::yield_now();
            bool const is_third_started = begun->size() == 3;
            CHECK_MESSAGE(is_third_started, "the second task has ended, so the third one may start");
            remotes[2].finish(12);
            remotes[0].finish(10);
            co_await rt::yield_now();
            co_await rt::yield_now();
            CHECK(remotes[3].polls() == 1);
            remotes[3].finish(13);
            co_return co_await all;
        };
        CHECK(runtime.block_on(main(f, kettles, &started)) == std::vector<int>{10, 11, 12, 13});
    }

    TEST_CASE("an exception ends it and aborts the others") {
        rt::CurrentThread runtime;
        Remote<int> kettles[3];
        auto f = [&](int number) { return kettles[number].future(); };
        auto main = [](auto boil, Remote<int>* remotes) -> rt::Async<std::string> {
            auto all = rt::spawn(exercise::map_at_most(2, std::vector<int>{0, 1, 2}, boil));
            co_await rt::yield_now();
            co_await rt::yield_now();
            remotes[1].fail(std::runtime_error("no water"));
            std::string said;
            try {
                co_await all;
            } catch (const std::runtime_error& error) {
                said = error.what();
            }
            co_await rt::yield_now();
            co_return said;
        };
        CHECK(runtime.block_on(main(f, kettles)) == "no water");
        CHECK_MESSAGE(kettles[0].drops() == 1, "the other task goes on, although nobody can get its output");
        CHECK(kettles[2].polls() == 0);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("a future that is destroyed aborts its tasks") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        auto f = [&](int) { return kettle.future(); };
        auto main = [](auto boil) -> rt::Async<> {
            auto all = rt::spawn(exercise::map_at_most(2, std::vector<int>{1}, boil));
            co_await rt::yield_now();
            co_await rt::yield_now();
            all.abort();
            co_await rt::yield_now();
            co_await rt::yield_now();
        };
        runtime.block_on(main(f));
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("items and outputs are moved") {
        rt::CurrentThread runtime;
        auto f = [](std::unique_ptr<int> item) { return rt::ready(std::move(item)); };
        std::vector<std::unique_ptr<int>> items;
        items.push_back(std::make_unique<int>(3));
        auto const outputs = runtime.block_on(exercise::map_at_most(1, std::move(items), f));
        REQUIRE(outputs.size() == 1);
        CHECK(*outputs[0] == 3);
    }
}
