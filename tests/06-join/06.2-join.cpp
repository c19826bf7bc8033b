/// \file
/// 06.2: several futures on one waker.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending, rt::Ready;

namespace {

struct Kitchen {
    Remote<int> kettle{"the kettle"};
    Remote<int> toaster{"the toaster"};
    Remote<int> pan{"the pan"};
};

std::string what_it_throws(auto& task) {
    try {
        (void)task.poll();
        return "nothing";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

}  // namespace

TEST_SUITE("06.2 join") {
    TEST_CASE_FIXTURE(Kitchen, "nothing is polled before the join is") {
        auto both = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));
        CHECK(kettle.polls() == 0);
        CHECK(toaster.polls() == 0);
        CHECK(both.poll() == Pending);
        expect_more_polls(both.future(), "join");
    }

    TEST_CASE_FIXTURE(Kitchen, "every child is polled though the first is Pending") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future(), pan.future()));

        CHECK(breakfast.poll() == Pending);
        CHECK(kettle.polls() == 1);
        CHECK_MESSAGE(
            toaster.polls() == 1,
            "the second child was not polled, so it keeps no waker, and nothing can wake the join for it. Poll "
            "every child.");
        CHECK(pan.polls() == 1);
    }

    TEST_CASE("children are polled in the order of the arguments") {
        std::vector<int> order;
        auto child = [&order](int n) {
            return rt::poll_fn([&order, n](rt::Context&) -> rt::Poll<void> {
                order.push_back(n);
                return Pending;
            });
        };
        auto all = spawn_mock("the join", rt::join(child(1), child(2), child(3), child(4)));
        CHECK(all.poll() == Pending);
        CHECK(order == std::vector{1, 2, 3, 4});
        CHECK(all.poll() == Pending);
        CHECK(order == std::vector{1, 2, 3, 4, 1, 2, 3, 4});
    }

    TEST_CASE_FIXTURE(Kitchen, "a finished child is not polled again") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));

        CHECK(breakfast.poll() == Pending);
        kettle.finish(1);
        CHECK(breakfast.poll() == Pending);
        toaster.wake_for_nothing();
        CHECK(breakfast.poll() == Pending);
        toaster.finish(2);
        CHECK(breakfast.poll() == Ready(std::tuple(1, 2)));
        CHECK(kettle.polls() == 2);
        CHECK(toaster.polls() == 4);
    }

    TEST_CASE_FIXTURE(Kitchen, "results come in the order of the arguments and not of completion") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future(), pan.future()));

        CHECK(breakfast.poll() == Pending);
        pan.finish(3);
        CHECK(breakfast.poll() == Pending);
        kettle.finish(1);
        CHECK(breakfast.poll() == Pending);
        toaster.finish(2);
        CHECK(breakfast.poll() == Ready(std::tuple(1, 2, 3)));
    }

    TEST_CASE_FIXTURE(Kitchen, "each child wakes the join and one wake each is enough") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));

        CHECK(breakfast.poll() == Pending);
        CHECK(breakfast.wakes() == 0);
        CHECK(breakfast.kept_wakers() == 2);
        toaster.finish(2);
        CHECK(breakfast.wakes() == 1);
        CHECK(breakfast.poll() == Pending);
        CHECK_FALSE(breakfast.is_woken());
        kettle.finish(1);
        CHECK(breakfast.wakes() == 2);
        CHECK(breakfast.poll() == Ready(std::tuple(1, 2)));
        CHECK(breakfast.polls() == 3);
        CHECK(breakfast.kept_wakers() == 0);
    }

    TEST_CASE_FIXTURE(Kitchen, "two wakes between two polls make one poll") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));
        CHECK(breakfast.poll() == Pending);
        toaster.finish(2);
        kettle.finish(1);
        CHECK(breakfast.poll() == Ready(std::tuple(1, 2)));
        CHECK(kettle.polls() == 2);
        CHECK(toaster.polls() == 2);
    }

    TEST_CASE_FIXTURE(Kitchen, "a child is destroyed as soon as it is done") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));
        CHECK(breakfast.poll() == Pending);
        kettle.finish(1);
        CHECK(breakfast.poll() == Pending);
        CHECK(kettle.drops() == 1);
        CHECK(toaster.drops() == 0);
    }

    TEST_CASE_FIXTURE(Kitchen, "an exception waits until all have run to their end") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));

        CHECK(breakfast.poll() == Pending);
        kettle.fail(std::runtime_error("the kettle burst"));
        CHECK_NOTHROW(CHECK(breakfast.poll() == Pending));
        CHECK(kettle.drops() == 1);
        toaster.finish(2);
        CHECK_THROWS_WITH_AS((void)breakfast.poll(), "the kettle burst", std::runtime_error);
        CHECK(kettle.polls() == 2);
        CHECK(toaster.polls() == 3);
        CHECK(toaster.drops() == 1);
    }

    TEST_CASE_FIXTURE(Kitchen, "of several exceptions the first in the order of the arguments is thrown") {
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future(), pan.future()));

        CHECK(breakfast.poll() == Pending);
        pan.fail(std::runtime_error("the egg burned"));
        CHECK(breakfast.poll() == Pending);
        toaster.fail(std::runtime_error("the toast burned"));
        CHECK(breakfast.poll() == Pending);
        kettle.finish(1);
        CHECK_MESSAGE(
            what_it_throws(breakfast) == "the toast burned",
            "another exception came first. Take the results in the order of the children, which braces guarantee "
            "and parentheses don't.");
    }

    TEST_CASE_FIXTURE(Kitchen, "an exception at the first poll does not keep the other children from theirs") {
        kettle.fail(std::runtime_error("no water"));
        auto breakfast = spawn_mock("the join", rt::join(kettle.future(), toaster.future()));
        CHECK(breakfast.poll() == Pending);
        CHECK(toaster.polls() == 1);
        toaster.finish(2);
        CHECK_THROWS_WITH_AS((void)breakfast.poll(), "no water", std::runtime_error);
    }

    TEST_CASE_FIXTURE(Kitchen, "the newest waker reaches every child") {
        auto join = rt::join(kettle.future(), toaster.future());
        auto first = spawn_mock("the join by its first owner", rt::by_ref(join));
        auto second = spawn_mock("the join by its second owner", rt::by_ref(join));

        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK(first.kept_wakers() == 0);
        CHECK(second.kept_wakers() == 2);
        kettle.finish(1);
        toaster.finish(2);
        CHECK(first.wakes() == 0);
        CHECK(second.wakes() == 2);
        CHECK(second.poll() == Ready(std::tuple(1, 2)));
    }

    TEST_CASE_FIXTURE(Kitchen, "a join may be moved until it is polled") {
        auto first = rt::join(kettle.future(), toaster.future());
        auto second = std::move(first);
        auto task = spawn_mock("the join", std::move(second));
        kettle.finish(1);
        toaster.finish(2);
        CHECK(task.poll() == Ready(std::tuple(1, 2)));
    }

    TEST_CASE("a join polled after it threw is caught") {
        Remote<int> kettle("the kettle");
        kettle.fail(std::runtime_error("no water"));
        auto one = spawn_mock("the join", rt::join(kettle.future()));
        CHECK_THROWS_AS((void)one.poll(), std::runtime_error);
        expect_violation("join: polled after Ready", [&] { (void)one.poll(); });
    }

    TEST_CASE("a join moved after its first poll is caught") {
        Remote<int> kettle("the kettle");
        auto join = rt::join(kettle.future());
        auto task = spawn_mock("the join", rt::by_ref(join));
        CHECK(task.poll() == Pending);
        expect_violation("moved after its first poll", [&] { [[maybe_unused]] auto elsewhere = std::move(join); });
    }
}
