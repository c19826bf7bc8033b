#include <doctest/doctest.h>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <support/fairness.hpp>

#include <vector>

using namespace support;

TEST_SUITE("10.9 all together: the budget") {
    TEST_CASE("no future starves beside one that always has a result") {
        rt::CurrentThread runtime;
        rt::JoinSet<> set;
        runtime.block_on(add_finished(&set, 50 * static_cast<int>(rt::budget::per_poll)));
        std::vector<AlwaysReady> const sources{finished_tasks(), finished_members(&set)};
        runtime.block_on(expect_fair({in_join(), in_join_all(), by_hand()}, sources, sources));
        CHECK_FALSE(set.is_empty());
    }
}
