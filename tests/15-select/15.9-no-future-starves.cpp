#include <doctest/doctest.h>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <support/always_ready.hpp>
#include <support/fairness.hpp>

#include <vector>

using namespace support;

TEST_SUITE("15.9 all together: no future starves") {
    TEST_CASE("beside one that always has a result") {
        rt::CurrentThread runtime;
        auto sources = []() -> std::vector<AlwaysReady> {
            return {finished_tasks(), sleeps(), socket_reads(), socket_writes()};
        };
        runtime.block_on(
            expect_fair({in_join(), in_join_all(), by_hand(), in_select(), in_biased_select(), in_timeout()}, sources(),
                        sources()));

        rt::JoinSet<> set;  // not beside a sleep, for which it would need thousands of members
        runtime.block_on(add_finished(&set, 40 * static_cast<int>(rt::budget::per_poll)));
        std::vector<AlwaysReady> const waits{finished_members(&set), finished_tasks()};
        runtime.block_on(expect_fair({in_select(), in_biased_select(), in_timeout()}, waits, waits));
        CHECK_FALSE(set.is_empty());
    }
}
