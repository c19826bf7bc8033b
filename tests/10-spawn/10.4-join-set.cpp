#include "stepped_join_set.hpp"  // first

#include "join_sets.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/fairness.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

constexpr int per_poll = static_cast<int>(rt::budget::per_poll);

/// How many results of `source` the current task takes before another task has its turn.
rt::Async<int> taken_before_a_turn(AlwaysReady source) {
    int taken = 0;
    auto other = rt::spawn(rt::poll_fn([&taken](rt::Context&) { return rt::Poll<int>(rt::Ready(int{taken})); }));
    for (; taken < 3 * per_poll; ++taken) {
        co_await source.next();
    }
    co_return co_await other;
}

}  // namespace

TEST_SUITE("10.4 JoinSet") {
    TEST_CASE("an empty set has nothing to give") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        CHECK(set.is_empty());
        CHECK(runtime.block_on(set.join_next()) == std::nullopt);
        CHECK(runtime.block_on(set.join_next()) == std::nullopt);
    }

    TEST_CASE("a member that throws has left the set") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<> {
            rt::JoinSet<int> set;
            set.spawn(rt::poll_fn([](rt::Context&) -> rt::Poll<int> { throw 3; }));
            set.spawn(rt::pending<int>());
            co_await rt::yield_now();
            set.abort_all();
            co_await rt::yield_now();
            step("take the results of a member that threw, and of one that was aborted");
            CHECK_THROWS_AS(set.try_join_next(), int);
            REQUIRE_MESSAGE(
                set.size() == 1,
                "the exception left the member in the set, so join_next waits for it forever. Take the member out before you "
                "throw.");
            bool is_told = false;
            try {
                (void)set.try_join_next();
            } catch (const rt::Cancelled&) {
                is_told = true;
            }
            REQUIRE_MESSAGE(
                is_told,
                "a member that was aborted stayed in the set, so join_next waits for it forever. List it also if it has no "
                "result.");
            CHECK_MESSAGE(
                set.is_empty(),
                "`Cancelled` was thrown, and the member is still in the set, so join_next waits for it forever. Take "
                "the member out before you throw.");
        };
        runtime.block_on(main());
    }

    TEST_CASE("results come in the order in which the members finish") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<std::vector<int>> {
            rt::JoinSet<int> set;
            set.spawn(after_yields(3, 30));
            set.spawn(after_yields(1, 10));
            set.spawn(after_yields, 2, 20);
            set.spawn([] { return after_yields(0, 0); });
            CHECK(set.size() == 4);
            co_return co_await drain(&set);
        };
        CHECK(runtime.block_on(main()) == std::vector<int>{0, 10, 20, 30});
    }

    TEST_CASE("members finish in the order of their wakes") {
        rt::CurrentThread runtime;
        Remote<int> kettles[3];
        auto main = [](Remote<int>* remotes) -> rt::Async<> {
            rt::JoinSet<int> set;
            for (int n = 0; n < 3; ++n) {
                set.spawn(remotes[n].future());
            }
            co_await rt::yield_now();
            remotes[2].finish(2);
            remotes[0].finish(0);
            co_await rt::yield_now();
            remotes[1].finish(1);
            std::vector<int> const results = co_await drain(&set);
            CHECK(results == std::vector<int>{2, 0, 1});
        };
        runtime.block_on(main(kettles));
        CHECK(kettles[0].polls() == 2);
        CHECK(kettles[1].polls() == 2);
        CHECK(kettles[2].polls() == 2);
    }

    TEST_CASE("a set of nothing: void members are counted") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<int> {
            rt::JoinSet<> set;
            set.spawn(rt::Countdown(2));
            set.spawn(rt::ready());
            int count = 0;
            while (co_await set.join_next()) {
                ++count;
            }
            co_return count;
        };
        CHECK(runtime.block_on(main()) == 2);
    }

    TEST_CASE("results that cannot be copied") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<int> {
            rt::JoinSet<std::unique_ptr<int>> set;
            set.spawn(rt::ready(std::make_unique<int>(3)));
            std::optional<std::unique_ptr<int>> result = co_await set.join_next();
            co_return **result;
        };
        CHECK(runtime.block_on(main()) == 3);
    }

    TEST_CASE("a thousand members are all counted once") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<int> {
            rt::JoinSet<int> set;
            for (int n = 1; n <= 1000; ++n) {
                set.spawn(after_yields(n % 5, n));
            }
            int sum = 0;
            std::vector<int> const results = co_await drain(&set);
            CHECK(results.size() == 1000);
            for (int n : results) {
                sum += n;
            }
            CHECK(set.is_empty());
            co_return sum;
        };
        CHECK(runtime.block_on(main()) == 500500);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("members may be added while others are awaited") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<int> {
            rt::JoinSet<int> set;
            set.spawn(after_yields(1, 1));
            int sum = 0;
            while (std::optional<int> const next = co_await set.join_next()) {
                sum += *next;
                if (*next < 5) {
                    set.spawn(after_yields(1, *next + 1));
                }
            }
            co_return sum;
        };
        CHECK(runtime.block_on(main()) == 15);
    }

    TEST_CASE("a member that finished before anyone asked") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<std::vector<int>> {
            rt::JoinSet<int> set;
            set.spawn(rt::ready(1));
            set.spawn(rt::ready(2));
            co_await rt::yield_now();
            co_await rt::yield_now();
            co_return co_await drain(&set);
        };
        CHECK(runtime.block_on(main()) == std::vector<int>{1, 2});
    }

    TEST_CASE("a join_next that is dropped takes no result with it") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        auto main = [](CountedFuture<int> boil, Remote<int>* remote) -> rt::Async<int> {
            rt::JoinSet<int> set;
            set.spawn(std::move(boil));
            CountingWaker waiter;
            {
                step("poll a join_next once, and drop it");
                auto dropped = set.join_next();
                auto poll_once = rt::poll_fn([&](rt::Context&) -> rt::Poll<bool> {
                    rt::Waker const waker = waiter.waker();
                    rt::Context cx(waker);
                    return Ready(dropped.poll(cx).is_ready());
                });
                bool const ready = co_await poll_once;
                CHECK_FALSE(ready);
            }
            co_await rt::yield_now();
            remote->finish(3);
            co_await rt::yield_now();
            co_await rt::yield_now();
            CHECK(waiter.wakes() == 1);
            step("make it anew");
            std::optional<int> const result = co_await set.join_next();
            CHECK(waiter.alive() == 0);
            co_return result.value_or(0);
        };
        CHECK(runtime.block_on(main(kettle.future(), &kettle)) == 3);
    }

    TEST_CASE("only the latest waker is woken when a member ends") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        auto main = [](CountedFuture<int> boil, Remote<int>* remote) -> rt::Async<> {
            rt::JoinSet<int> set;
            set.spawn(std::move(boil));
            CountingWaker first;
            CountingWaker second;
            auto next = set.join_next();
            auto poll_with = [&next](CountingWaker& waiter) {
                rt::Waker const waker = waiter.waker();
                rt::Context cx(waker);
                CHECK(next.poll(cx).is_pending());
            };
            step("poll a join_next with one waker, then with another");
            poll_with(first);
            poll_with(second);
            CHECK(first.alive() == 0);
            co_await rt::yield_now();
            remote->finish(3);
            co_await rt::yield_now();
            co_await rt::yield_now();
            CHECK(first.wakes() == 0);
            CHECK(second.wakes() == 1);
        };
        runtime.block_on(main(kettle.future(), &kettle));
    }

    TEST_CASE("try_join_next does not wait") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<> {
            rt::JoinSet<int> set;
            set.spawn(after_yields(1, 1));
            CHECK(set.try_join_next() == std::nullopt);
            for (int n = 0; n < 3; ++n) {
                co_await rt::yield_now();
            }
            CHECK(set.try_join_next() == 1);
            CHECK(set.try_join_next() == std::nullopt);
            CHECK(set.is_empty());
        };
        runtime.block_on(main());
    }

    TEST_CASE("a result that is an empty optional is a result") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<> {
            rt::JoinSet<std::optional<int>> set;
            set.spawn(rt::ready(std::optional<int>()));
            CHECK_FALSE(set.try_join_next().has_value());
            co_await rt::yield_now();
            auto const result = set.try_join_next();
            CHECK(result.has_value());
            CHECK_FALSE(result.value_or(1).has_value());
            CHECK_FALSE(set.try_join_next().has_value());
        };
        runtime.block_on(main());
    }

    TEST_CASE("who joins tasks that have all ended lets others have their turn") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<> {
            rt::JoinSet<> set;
            co_await add_finished(&set, 10 * per_poll);
            step("join {} finished members of a set", 10 * per_poll);
            int const members = co_await taken_before_a_turn(finished_members(&set));
            CHECK_MESSAGE(
                members == per_poll,
                "join_next gave more results in one turn than its budget allows. Ask the budget before you give a result.");
            step("await the handles of as many finished tasks");
            co_await rt::yield_now();
            int const handles = co_await taken_before_a_turn(finished_tasks());
            CHECK_MESSAGE(
                handles == per_poll,
                "JoinHandles gave more results in one turn than the budget allows. Ask the budget before you give a result.");
        };
        runtime.block_on(main());
    }
}
