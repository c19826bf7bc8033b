#include "stepped_join_set.hpp"  // first

#include "join_sets.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/scheduler.hpp>
#include <rt/task.hpp>
#include <rt/waker.hpp>
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

/// Polls `future` once with the waker of `waiter`. True if it is Pending.
template <rt::Future F>
bool is_pending_to(CountingWaker& waiter, F& future) {
    rt::Waker const waker = waiter.waker();
    rt::Context cx(waker);
    return future.poll(cx).is_pending();
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
        rt::JoinSet<int> set;
        spawn_into(set, runtime, rt::poll_fn([](rt::Context&) -> rt::Poll<int> { throw 3; }));
        spawn_into(set, runtime, rt::pending<int>());
        run_tasks(runtime);
        set.abort_all();
        run_tasks(runtime);
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
            "an aborted member stayed in the set, so join_next waits for it forever. Queue it even if it has no result.");
        CHECK_MESSAGE(
            set.is_empty(),
            "`Cancelled` was thrown, and the member is still in the set, so join_next waits for it forever. Take "
            "the member out before you throw.");
    }

    TEST_CASE("results come in the order in which the members finish") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        {
            rt::EnterScheduler entered(runtime);
            set.spawn(after_yields(3, 30));
            set.spawn(after_yields(1, 10));
            set.spawn(after_yields, 2, 20);
            set.spawn([] { return after_yields(0, 0); });
        }
        CHECK(set.size() == 4);
        CHECK(runtime.block_on(drain(&set)) == std::vector<int>{0, 10, 20, 30});
    }

    TEST_CASE("members finish in the order of their wakes") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        Remote<int> kettles[3];
        for (Remote<int>& kettle : kettles) {
            spawn_into(set, runtime, kettle.future());
        }
        run_tasks(runtime);
        kettles[2].finish(2);
        kettles[0].finish(0);
        run_tasks(runtime);
        kettles[1].finish(1);
        CHECK(runtime.block_on(drain(&set)) == std::vector<int>{2, 0, 1});
        CHECK(kettles[0].polls() == 2);
        CHECK(kettles[1].polls() == 2);
        CHECK(kettles[2].polls() == 2);
    }

    TEST_CASE("a set of nothing: void members are counted") {
        rt::CurrentThread runtime;
        rt::JoinSet<> set;
        spawn_into(set, runtime, rt::Countdown(2));
        spawn_into(set, runtime, rt::ready());
        int count = 0;
        while (runtime.block_on(set.join_next())) {
            ++count;
        }
        CHECK(count == 2);
    }

    TEST_CASE("results that cannot be copied") {
        rt::CurrentThread runtime;
        rt::JoinSet<std::unique_ptr<int>> set;
        spawn_into(set, runtime, rt::ready(std::make_unique<int>(3)));
        std::optional<std::unique_ptr<int>> const result = runtime.block_on(set.join_next());
        REQUIRE(result.has_value());
        CHECK(**result == 3);
    }

    TEST_CASE("a thousand members are all counted once") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        for (int n = 1; n <= 1000; ++n) {
            spawn_into(set, runtime, after_yields(n % 5, n));
        }
        std::vector<int> const results = runtime.block_on(drain(&set));
        CHECK(results.size() == 1000);
        int sum = 0;
        for (int n : results) {
            sum += n;
        }
        CHECK(sum == 500500);
        CHECK(set.is_empty());
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("members may be added while others are awaited") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        spawn_into(set, runtime, after_yields(1, 1));
        int sum = 0;
        while (std::optional<int> const next = runtime.block_on(set.join_next())) {
            sum += *next;
            if (*next < 5) {
                spawn_into(set, runtime, after_yields(1, *next + 1));
            }
        }
        CHECK(sum == 15);
    }

    TEST_CASE("a member that finished before anyone asked") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        spawn_into(set, runtime, rt::ready(1));
        spawn_into(set, runtime, rt::ready(2));
        run_tasks(runtime, 2);
        CHECK(runtime.block_on(drain(&set)) == std::vector<int>{1, 2});
    }

    TEST_CASE("a join_next that is dropped takes no result with it") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        Remote<int> kettle("the kettle");
        spawn_into(set, runtime, kettle.future());
        CountingWaker waiter;
        {
            step("poll a join_next once, and drop it");
            auto dropped = set.join_next();
            CHECK(is_pending_to(waiter, dropped));
        }
        run_tasks(runtime);
        kettle.finish(3);
        run_tasks(runtime);
        CHECK(waiter.wakes() == 1);
        step("make it anew");
        CHECK(runtime.block_on(set.join_next()) == 3);
        CHECK(waiter.alive() == 0);
    }

    TEST_CASE("only the latest waker is woken when a member ends") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        Remote<int> kettle("the kettle");
        spawn_into(set, runtime, kettle.future());
        CountingWaker first;
        CountingWaker second;
        auto next = set.join_next();
        step("poll a join_next with one waker, then with another");
        CHECK(is_pending_to(first, next));
        CHECK(is_pending_to(second, next));
        CHECK(first.alive() == 0);
        run_tasks(runtime);
        kettle.finish(3);
        run_tasks(runtime);
        CHECK(first.wakes() == 0);
        CHECK(second.wakes() == 1);
    }

    TEST_CASE("try_join_next does not wait") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        spawn_into(set, runtime, after_yields(1, 1));
        CHECK(set.try_join_next() == std::nullopt);
        run_tasks(runtime, 3);
        CHECK(set.try_join_next() == 1);
        CHECK(set.try_join_next() == std::nullopt);
        CHECK(set.is_empty());
    }

    TEST_CASE("a result that is an empty optional is a result") {
        rt::CurrentThread runtime;
        rt::JoinSet<std::optional<int>> set;
        spawn_into(set, runtime, rt::ready(std::optional<int>()));
        CHECK_FALSE(set.try_join_next().has_value());
        run_tasks(runtime);
        auto const result = set.try_join_next();
        CHECK(result.has_value());
        CHECK_FALSE(result.value_or(1).has_value());
        CHECK_FALSE(set.try_join_next().has_value());
    }

    TEST_CASE("who joins tasks that have all ended lets others have their turn") {
        rt::CurrentThread runtime;
        rt::JoinSet<> set;
        runtime.block_on(add_finished(&set, 10 * per_poll));
        step("join {} finished members of a set", 10 * per_poll);
        int const members = runtime.block_on(taken_before_a_turn(finished_members(&set)));
        CHECK_MESSAGE(
            members == per_poll,
            "join_next gave more results in one turn than its budget allows. Ask the budget before you give a result.");
        step("await the handles of as many finished tasks");
        int const handles = runtime.block_on(taken_before_a_turn(finished_tasks()));
        CHECK_MESSAGE(
            handles == per_poll,
            "JoinHandles gave more results in one turn than the budget allows. Ask the budget before you give a result.");
    }
}
