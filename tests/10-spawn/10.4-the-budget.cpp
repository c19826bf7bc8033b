#include "stepped_join_set.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/yield_now.hpp>
#include <support/fairness.hpp>
#include <support/story.hpp>

#include <vector>

using namespace support;

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
    TEST_CASE("who joins tasks that have all ended lets others have their turn") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<> {
            rt::JoinSet<> set;
            co_await add_finished(&set, 10 * per_poll);
            step("join {} finished members of a set", 10 * per_poll);
            int const members = co_await taken_before_a_turn(finished_members(&set));
            CHECK_MESSAGE(members == per_poll, "join_next must give way after the budget");
            step("await the handles of as many finished tasks");
            co_await rt::yield_now();
            int const handles = co_await taken_before_a_turn(finished_tasks());
            CHECK_MESSAGE(handles == per_poll, "a JoinHandle must give way after the budget");
        };
        runtime.block_on(main());
    }

    TEST_CASE("no future starves beside one that always has a result") {
        rt::CurrentThread runtime;
        rt::JoinSet<> set;
        runtime.block_on(add_finished(&set, 50 * per_poll));
        std::vector<AlwaysReady> const sources{finished_tasks(), finished_members(&set)};
        runtime.block_on(expect_fair({in_join(), in_join_all(), by_hand()}, sources, sources));
        CHECK_FALSE(set.is_empty());
    }
}
