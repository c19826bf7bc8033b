/// \file
/// 06.3: results of other kinds than an int.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>

#include <memory>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;

TEST_SUITE("06.3 join_all") {
    TEST_CASE("children without a value") {
        std::vector<rt::Countdown> countdowns;
        countdowns.emplace_back(2);
        countdowns.emplace_back(0);
        countdowns.emplace_back(1);
        auto all = spawn_mock("join_all", rt::join_all(std::move(countdowns)));
        CHECK(all.poll() == Pending);
        CHECK(all.poll() == Pending);
        auto result = all.poll();
        REQUIRE(result.is_ready());
        CHECK(result.value().size() == 3);
        CHECK(all.wakes() == 3);
    }

    TEST_CASE("results that can only be moved") {
        std::vector<rt::ReadyFuture<std::unique_ptr<int>>> futures;
        for (int n = 0; n < 3; ++n) {
            futures.push_back(rt::ready(std::make_unique<int>(n)));
        }
        auto all = spawn_mock("join_all", rt::join_all(std::move(futures)));
        auto result = all.poll();
        REQUIRE(result.is_ready());
        std::vector<std::unique_ptr<int>> values = std::move(result).value();
        REQUIRE(values.size() == 3);
        CHECK(*values[2] == 2);
    }

    TEST_CASE("no result is copied") {
        DropCounter drops;
        {
            std::vector<rt::ReadyFuture<DropCounter::Token>> futures;
            for (int n = 0; n < 3; ++n) {
                futures.push_back(rt::ready(drops.token()));
            }
            int const copies = drops.copies();
            auto all = spawn_mock("join_all", rt::join_all(std::move(futures)));
            CHECK(all.poll().is_ready());
            CHECK(drops.copies() == copies);
        }
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("join_all polled after Ready is caught") {
        auto all = spawn_mock("join_all", rt::join_all(std::vector<rt::Countdown>()));
        CHECK(all.poll().is_ready());
        expect_violation("join_all: polled after Ready", [&] { (void)all.poll(); });
    }
}
