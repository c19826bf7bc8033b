/// \file
/// 07.2: loopers that yield take turns, and loopers that don't yield run one after the other.
#include <doctest/doctest.h>
#include <looper.hpp>
#include <rt/block_on.hpp>
#include <rt/join.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending, rt::Ready;

namespace {

/// Adds its name to `said` in each round.
auto looper(std::string& said, char name, int rounds, bool yields) {
    return Looper(rounds, yields, [&said, name](int) { said.push_back(name); });
}

}  // namespace

TEST_SUITE("07.2 taking turns") {
    TEST_CASE("each poll says one round") {
        TraceLog log{TraceLog::Kind::yield};
        std::vector<int> rounds;
        auto task = spawn_mock("the looper", Looper(2, true, [&rounds](int round) { rounds.push_back(round); }));
        CHECK(rounds.empty());
        CHECK(task.poll() == Pending);
        CHECK(rounds == std::vector{1});
        CHECK_MESSAGE(log.count(TraceLog::Kind::yield) == 1,
                      "the looper was Pending, but no yield_now was polled. Poll a `yield_now`, which wakes the task.");
        CHECK(task.is_woken());
        CHECK(task.poll() == Pending);
        CHECK(rounds == std::vector{1, 2});
        CHECK(task.poll() == Ready(2));
        CHECK(rounds == std::vector{1, 2});
    }

    TEST_CASE("a looper that is Pending can be polled again") {
        auto task = spawn_mock("the looper", Looper(1, true, [](int) {}));
        REQUIRE(task.poll() == Pending);
        expect_more_polls(task.future(), "Looper");
    }

    TEST_CASE("a looper without rounds says nothing") {
        std::string said;
        auto task = spawn_mock("the looper", looper(said, 'r', 0, true));
        CHECK(task.poll() == Ready(0));
        CHECK(said.empty());
    }

    TEST_CASE("loopers that do not yield run one after the other in one poll") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(looper(said, 'r', 3, false), looper(said, 'g', 3, false),
                                                          looper(said, 'b', 3, false)));
        CHECK(loopers.poll().is_ready());
        CHECK(said == "rrrgggbbb");
        CHECK(loopers.wakes() == 0);
    }

    TEST_CASE("loopers that yield take turns") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(looper(said, 'r', 3, true), looper(said, 'g', 3, true),
                                                          looper(said, 'b', 3, true)));
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rgb");
        CHECK(loopers.wakes() == 3);
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rgbrgb");
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rgbrgbrgb");
        CHECK(loopers.wakes() == 9);
        CHECK(loopers.poll().is_ready());
        CHECK(said == "rgbrgbrgb");
        CHECK(loopers.wakes() == 9);
        CHECK(loopers.polls() == 4);
    }

    TEST_CASE("a looper that does not yield holds up the others") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(looper(said, 'r', 2, true), looper(said, 'g', 4, false),
                                                          looper(said, 'b', 2, true)));
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rggggb");
        CHECK(loopers.poll() == Pending);
        CHECK(said == "rggggbrb");
        CHECK(loopers.poll().is_ready());
    }

    TEST_CASE("the looper with more rounds goes on alone") {
        std::string said;
        auto loopers = spawn_mock("the loopers", rt::join(looper(said, 'r', 1, true), looper(said, 'g', 3, true)));
        while (loopers.poll().is_pending()) {
            REQUIRE(loopers.is_woken());
            REQUIRE(loopers.polls() < 5);
        }
        CHECK(said == "rggg");
        CHECK(loopers.polls() == 4);
    }

    TEST_CASE("join_all lets them take turns as well") {
        std::string said;
        std::vector<decltype(looper(said, 'r', 2, true))> each;
        each.push_back(looper(said, 'r', 2, true));
        each.push_back(looper(said, 'g', 2, true));
        auto loopers = spawn_mock("the loopers", rt::join_all(std::move(each)));
        CHECK(loopers.poll() == Pending);
        CHECK(loopers.poll() == Pending);
        CHECK(loopers.poll().is_ready());
        CHECK(said == "rgrg");
    }

    TEST_CASE("block_on runs them to their end without another thread") {
        std::string said;
        step("block_on three loopers that yield");
        rt::block_on(
            rt::join(looper(said, 'r', 100, true), looper(said, 'g', 100, true), looper(said, 'b', 100, true)));
        CHECK(said.size() == 300);
        CHECK(said.substr(294) == "rgbrgb");
    }
}
