/// \file
/// 06.2: results of all kinds, and what becomes of them.
#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/trace_log.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

using namespace support;
using rt::Pending, rt::Ready;

TEST_SUITE("06.2 join") {
    TEST_CASE("two children that are ready at once need one poll") {
        auto both = spawn_mock("the join", rt::join(rt::ready(1), rt::ready(std::string("two"))));
        CHECK(both.poll() == Ready(std::tuple(1, std::string("two"))));
        CHECK(both.wakes() == 0);
    }

    TEST_CASE("a child without a value gives a monostate") {
        auto both = rt::join(rt::Countdown(1), rt::ready(2));
        static_assert(std::is_same_v<rt::OutputOf<decltype(both)>, std::tuple<std::monostate, int>>);
        auto task = spawn_mock("the join", std::move(both));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(std::tuple(std::monostate(), 2)));
    }

    TEST_CASE("results that can only be moved") {
        auto both = spawn_mock("the join", rt::join(rt::ready(std::make_unique<int>(3)), rt::Countdown(1)));
        CHECK(both.poll() == Pending);
        auto result = both.poll();
        REQUIRE(result.is_ready());
        std::unique_ptr<int> value = std::get<0>(std::move(result).value());
        REQUIRE(value != nullptr);
        CHECK(*value == 3);
    }

    TEST_CASE("no result is copied") {
        DropCounter drops;
        Remote<DropCounter::Token> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<DropCounter::Token> pan("the pan");
        {
            auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future(), pan.future()));
            kettle.finish(drops.token());
            toaster.finish(2);
            pan.finish(drops.token());
            CHECK(breakfast.poll().is_ready());
        }
        CHECK(drops.copies() == 0);
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("results beside an exception are destroyed") {
        DropCounter drops;
        Remote<DropCounter::Token> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<DropCounter::Token> pan("the pan");
        {
            auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future(), pan.future()));
            kettle.finish(drops.token());
            toaster.fail(std::runtime_error("the toast burned"));
            pan.finish(drops.token());
            CHECK_THROWS_WITH_AS((void)breakfast.poll(), "the toast burned", std::runtime_error);
        }
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("a join that is dropped half-way cancels its children") {
        DropCounter drops;
        Remote<DropCounter::Token> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<DropCounter::Token> pan("the pan");
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future(), pan.future()));
        CHECK(breakfast.poll() == Pending);
        kettle.finish(drops.token());
        CHECK(breakfast.poll() == Pending);
        CHECK(drops.alive() == 1);
        breakfast.drop();
        CHECK(toaster.drops() == 1);
        CHECK(toaster.polls() == 2);
        CHECK(pan.drops() == 1);
        CHECK(drops.alive() == 0);
        CHECK(breakfast.kept_wakers() == 0);
    }

    TEST_CASE("no children are done at once") {
        auto nothing = spawn_mock("the join", rt::join());
        CHECK(nothing.poll() == Ready(std::tuple<>()));
    }

    TEST_CASE("one child") {
        auto one = spawn_mock("the join", rt::join(rt::ready(1)));
        CHECK(one.poll() == Ready(std::tuple(1)));
    }

    TEST_CASE("a join of joins") {
        auto tree = spawn_mock("the outer join",
                               rt::join(rt::join(rt::Countdown(1), rt::ready(1)), rt::join(rt::join(rt::ready(2)))));
        CHECK(tree.poll() == Pending);
        CHECK(tree.poll() == Ready(std::tuple(std::tuple(std::monostate(), 1), std::tuple<std::tuple<int>>(2))));
    }

    TEST_CASE("the trace shows each poll of a child") {
        TraceLog log{TraceLog::Kind::part_begin, TraceLog::Kind::part_end};
        auto throws = rt::poll_fn([](rt::Context&) -> rt::Poll<void> { throw std::runtime_error("no water"); });
        auto all = spawn_mock("the join", rt::join(rt::Countdown(1), rt::ready(2), std::move(throws)));
        CHECK(all.poll() == Pending);
        CHECK(log.text() ==
              "poll of join #1\n"
              "polled of #1: Pending\n"
              "poll of join #2\n"
              "polled of #2: Ready\n"
              "poll of join #3\n"
              "polled of #3: Ready\n");
    }

    TEST_CASE("block_on runs a join to its end") {
        auto [a, b] = rt::block_on(rt::join(rt::Countdown(3), rt::ready(2)));
        CHECK(a == std::monostate());
        CHECK(b == 2);
    }

    TEST_CASE("a join polled after Ready is caught") {
        auto both = spawn_mock("the join", rt::join(rt::ready(1)));
        CHECK(both.poll().is_ready());
        expect_violation("join: polled after Ready", [&] { (void)both.poll(); });
    }
}
