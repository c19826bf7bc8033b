/// \file
/// 15.9: selects and timeouts of other types: what they yield, and what may be a branch.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <rt/timeout.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Pending;

TEST_SUITE("15.9 all together: selects of other types") {
    TEST_CASE("branches may yield values of different types") {
        Remote<int> kettle("the kettle");
        Remote<std::string> post("the post");
        auto either = spawn_mock("the select", rt::select(kettle.future(), post.future()));
        CHECK(either.poll() == Pending);
        post.finish("a letter");
        auto poll = either.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 1);
        CHECK(std::get<1>(poll.value()) == "a letter");
    }

    TEST_CASE("a value that cannot be copied is moved and none is made without arguments") {
        struct Ticket {
            explicit Ticket(int) {}
        };
        Remote<std::unique_ptr<int>> kettle("the kettle");
        auto either = spawn_mock("the select", rt::select(rt::pending<Ticket>(), kettle.future()));
        kettle.finish(std::make_unique<int>(3));
        auto poll = either.poll();
        REQUIRE(poll.is_ready());
        CHECK(*std::get<1>(poll.value()) == 3);
    }

    TEST_CASE("a select of one future waits for that future") {
        Remote<int> kettle("the kettle");
        auto alone = spawn_mock("the select", rt::select(kettle.future()));
        CHECK(alone.poll() == Pending);
        kettle.finish(100);
        auto poll = alone.poll();
        REQUIRE(poll.is_ready());
        CHECK(std::get<0>(poll.value()) == 100);
    }

    TEST_CASE("a select may be a branch of another one") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<int> oven("the oven");
        auto all =
            spawn_mock("the outer select", rt::select(rt::select(kettle.future(), toaster.future()), oven.future()));
        CHECK(all.poll() == Pending);
        toaster.finish(1);
        auto poll = all.poll();
        REQUIRE(poll.is_ready());
        REQUIRE(poll.value().index() == 0);
        CHECK(std::get<0>(poll.value()).index() == 1);
        CHECK(kettle.drops() == 1);
        CHECK(oven.drops() == 1);
    }

    TEST_CASE("a future that is lent to the select survives") {
        Remote<int> kettle("the kettle");
        auto boiling = kettle.future();
        {
            auto either = spawn_mock("the select", rt::select(rt::biased, rt::by_ref(boiling), rt::ready(1)));
            auto poll = either.poll();
            REQUIRE(poll.is_ready());
            CHECK(poll.value().index() == 1);
        }
        CHECK(kettle.drops() == 0);
        CHECK(kettle.polls() == 1);
    }

    TEST_CASE("a biased select polls its branches in the order of the arguments") {
        std::vector<int> order;
        auto branch = [&order](int number) {
            return rt::poll_fn([&order, number](rt::Context&) -> rt::Poll<void> {
                order.push_back(number);
                return Pending;
            });
        };
        auto race = spawn_mock("the biased select", rt::select(rt::biased, branch(0), branch(1), branch(2)));
        CHECK(race.poll() == Pending);
        CHECK(race.poll() == Pending);
        CHECK(order == std::vector{0, 1, 2, 0, 1, 2});
    }

    TEST_CASE("of five branches that are always ready each wins its share") {
        step("1000 selects of five ready futures");
        rt::Waker const nobody = rt::Waker::noop();
        rt::Context cx(nobody);
        std::array<int, 5> wins{};
        for (int round = 0; round < 1000; ++round) {
            auto race = rt::select(rt::ready(0), rt::ready(1), rt::ready(2), rt::ready(3), rt::ready(4));
            auto poll = race.poll(cx);
            REQUIRE(poll.is_ready());
            ++wins.at(poll.value().index());
        }
        CHECK(std::ranges::min(wins) >= 100);
    }

    TEST_CASE("a timeout moves a value that cannot be copied") {
        auto cup = spawn_mock("timeout(1 s, cup)", rt::timeout(1s, rt::ready(std::make_unique<int>(3))));
        auto poll = cup.poll();
        REQUIRE(poll.is_ready());
        CHECK(*poll.value() == 3);
    }

    TEST_CASE("the outer one of two timeouts gets the Elapsed of the inner one") {
        PausedClock clock;
        auto both =
            spawn_mock("timeout(2 s, timeout(1 s, pending))", rt::timeout(2s, rt::timeout(1s, rt::pending<int>())));
        CHECK(both.poll() == Pending);
        CHECK(clock.timers() == 2);
        clock.jump();
        CHECK(clock.elapsed() == 1s);
        CHECK_THROWS_AS((void)both.poll(), rt::Elapsed);
        CHECK(clock.timers() == 0);
    }
}
