/// \file
/// 15.1: each branch is polled once in a poll, and none of them is always the first.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

using namespace support;
using rt::Pending;

namespace {

/// How often each of two branches won in 1000 selects. Both are ready. `make_race` returns such a select.
template <class MakeRace>
std::array<int, 2> wins_of(MakeRace make_race) {
    std::array<int, 2> wins{};
    rt::Waker const nobody = rt::Waker::noop();
    rt::Context cx(nobody);
    for (int round = 0; round < 1000; ++round) {
        auto race = make_race();
        auto poll = race.poll(cx);
        REQUIRE(poll.is_ready());
        ++wins.at(poll.value().index());
    }
    return wins;
}

}  // namespace

TEST_SUITE("15.1 the first to be done") {
    TEST_CASE("of two branches that are always ready each wins its share") {
        step("1000 selects of two ready futures");
        auto wins = wins_of([] { return rt::select(rt::ready(0), rt::ready(1)); });
        CHECK_MESSAGE(
            std::ranges::min(wins) >= 300,
            "one branch wins nearly always, so a loop around the select starves the other one. Begin with the "
            "branch number `start`.");
    }

    TEST_CASE("in a biased select the first branch wins") {
        auto wins = wins_of([] { return rt::select(rt::biased, rt::ready(0), rt::ready(1)); });
        CHECK(wins[0] == 1000);
    }

    TEST_CASE("a poll goes round the branches") {
        std::vector<int> order;
        auto branch = [&order](int number) {
            return rt::poll_fn([&order, number](rt::Context&) -> rt::Poll<int> {
                order.push_back(number);
                return Pending;
            });
        };
        auto race = rt::select(branch(0), branch(1), branch(2), branch(3));
        rt::Waker const nobody = rt::Waker::noop();
        rt::Context cx(nobody);
        for (int round = 0; round < 10; ++round) {
            order.clear();
            step("poll a select of four branches");
            CHECK(race.poll(cx) == Pending);
            REQUIRE(order.size() == 4);
            for (std::size_t i = 1; i < order.size(); ++i) {
                CHECK_MESSAGE(
                    order[i] == (order[i - 1] + 1) % 4,
                    "the branches behind `start` come next, and then those before it. If the others are always "
                    "polled from branch 0 on, that branch wins more than its share.");
            }
        }
    }

    TEST_CASE("in each poll every branch is polled once") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<int> oven("the oven");
        auto race = spawn_mock("the select", rt::select(kettle.future(), toaster.future(), oven.future()));
        for (int round = 1; round <= 10; ++round) {
            CHECK(race.poll() == Pending);
            for (int polls : {kettle.polls(), toaster.polls(), oven.polls()}) {
                CHECK_MESSAGE(polls >= round,
                              "a branch before `start` was not polled. Poll the branches from `start` on, and then "
                              "those before it.");
                CHECK_MESSAGE(polls <= round, "a branch was polled twice in one poll of the select");
            }
        }
    }
}
