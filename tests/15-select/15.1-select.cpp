/// \file
/// 15.1: the first of several futures wins, and the others go.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

using namespace support;
using rt::Pending;

namespace {

/// Two branches of a select: the kettle is branch 0, and the toaster is branch 1.
struct Kitchen {
    Remote<int> kettle{"the kettle"};
    Remote<int> toaster{"the toaster"};

    auto race() { return spawn_mock("the select", rt::select(kettle.future(), toaster.future())); }
    auto biased_race() {
        return spawn_mock("the biased select", rt::select(rt::biased, kettle.future(), toaster.future()));
    }
};

constexpr char begins_elsewhere[] =
    "the select is biased, but the first branch was not polled first. Begin with the branch number `start`.";

std::string what_it_throws(auto& task) {
    try {
        (void)task.poll();
        return "nothing";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

}  // namespace

TEST_SUITE("15.1 the first to be done") {
    TEST_CASE_FIXTURE(Kitchen, "while no branch is done all of them wait") {
        auto both = race();
        CHECK(kettle.polls() + toaster.polls() == 0);
        CHECK(both.poll() == Pending);
        for (int polls : {kettle.polls(), toaster.polls()}) {
            CHECK_MESSAGE(polls <= 1, "a branch was polled twice in one poll of the select");
            CHECK_MESSAGE(polls >= 1,
                          "a branch was not polled, so it keeps no waker, and nothing can wake the select for it. Poll "
                          "every branch until one is done.");
        }
        CHECK_MESSAGE(kettle.drops() + toaster.drops() == 0,
                      "no branch has won, and a branch is gone. Destroy the branches only when one has won.");
        CHECK(both.kept_wakers() == 2);
        expect_more_polls(both.future(), "select");
    }

    TEST_CASE_FIXTURE(Kitchen, "the first branch wins") {
        auto both = race();
        CHECK(both.poll() == Pending);
        kettle.finish(100);
        CHECK(both.is_woken());
        auto poll = both.poll();
        REQUIRE_MESSAGE(poll.is_ready(),
                        "a branch is done, and the select goes on waiting. Store in `outcome` how the branch ended.");
        CHECK(poll.value().index() == 0);
        CHECK(std::get<0>(poll.value()) == 100);
    }

    TEST_CASE_FIXTURE(Kitchen, "the second branch wins") {
        auto both = race();
        CHECK(both.poll() == Pending);
        toaster.finish(200);
        CHECK(both.is_woken());
        auto poll = both.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 1);
        CHECK(std::get<1>(poll.value()) == 200);
    }

    TEST_CASE_FIXTURE(Kitchen, "the loser is destroyed before the caller has the value") {
        auto both = race();
        CHECK(both.poll() == Pending);
        kettle.finish(100);
        CHECK(kettle.drops() + toaster.drops() == 0);
        int const moves = kettle.moves() + toaster.moves();
        REQUIRE(both.poll().is_ready());
        CHECK_MESSAGE(kettle.moves() + toaster.moves() == moves,
                      "a branch was moved after its first poll, and others may hold its address. Destroy it where it "
                      "is.");
        CHECK_MESSAGE(toaster.drops() == 1,
                      "the caller has the value, and the loser is still there, with all that it holds. Destroy the "
                      "branches before you return the value.");
        CHECK(toaster.keeps_waker() == false);
        CHECK(kettle.drops() == 1);
        both.drop();
        CHECK(toaster.drops() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE_FIXTURE(Kitchen, "a branch that throws has won") {
        auto both = race();
        CHECK(both.poll() == Pending);
        toaster.fail(std::runtime_error("the toaster burns"));
        CHECK_MESSAGE(what_it_throws(both) == "the toaster burns",
                      "a branch ended with an exception, and the select did not throw it. An exception wins like a "
                      "value.");
        CHECK(toaster.polls() == 2);
    }

    TEST_CASE_FIXTURE(Kitchen, "the loser is destroyed before the caller has the exception") {
        auto both = race();
        CHECK(both.poll() == Pending);
        toaster.fail(std::runtime_error("the toaster burns"));
        CHECK(what_it_throws(both) == "the toaster burns");
        CHECK_MESSAGE(kettle.drops() == 1,
                      "the caller has the exception, and the loser is still there. Destroy the branches before you "
                      "throw.");
        CHECK(toaster.drops() == 1);
    }

    TEST_CASE("nothing is polled after the winner") {
        // More than once, because the select begins with the one branch or with the other.
        for (int round = 0; round < 6; ++round) {
            Kitchen both_ready;
            auto both = both_ready.race();
            both_ready.kettle.finish(100);
            both_ready.toaster.finish(200);
            CHECK(both.poll().is_ready());
            CHECK_MESSAGE(
                both_ready.kettle.polls() + both_ready.toaster.polls() == 1,
                "a branch was polled after another one had won. Its result is lost if it was ready. Stop at the first "
                "branch that is done.");
        }
    }

    TEST_CASE_FIXTURE(Kitchen, "nothing is polled after a branch that threw") {
        auto both = biased_race();
        step("the first branch fails, and the second one is ready, too");
        kettle.fail(std::runtime_error("the kettle leaks"));
        toaster.finish(200);
        std::string const thrown = what_it_throws(both);
        REQUIRE_MESSAGE(kettle.polls() == 1, begins_elsewhere);
        CHECK_MESSAGE(thrown == "the kettle leaks",
                      "the exception of the branch that won is lost. An exception ends the poll like a value.");
        CHECK(toaster.polls() == 0);
    }

    TEST_CASE("a branch without a value may throw") {
        Remote<> bell("the bell");
        Remote<> door("the door");
        auto either = spawn_mock("the select", rt::select(bell.future(), door.future()));
        door.fail(std::runtime_error("the door is stuck"));
        CHECK_MESSAGE(what_it_throws(either) == "the door is stuck",
                      "a branch without a value has thrown, and the select gave a value. Look for an exception first.");
    }

    TEST_CASE_FIXTURE(Kitchen, "an exception of any type wins") {
        auto both = biased_race();
        bool is_thrown = false;
        kettle.fail(42);
        try {
            (void)both.poll();
        } catch (int) {
            is_thrown = true;
            CHECK_MESSAGE(
                toaster.drops() == 1,
                "the exception has left the poll of the branch, and the loser is still there. Catch all that is "
                "thrown. `poll_into` does.");
        }
        CHECK(is_thrown);
    }

    TEST_CASE_FIXTURE(Kitchen, "in a biased select the second branch wins while the first is Pending") {
        auto both = biased_race();
        toaster.finish(200);
        auto poll = both.poll();
        CHECK_MESSAGE(kettle.polls() == 1, begins_elsewhere);
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 1);
        CHECK(toaster.polls() == 1);
    }

    TEST_CASE("a branch without a value wins with monostate") {
        Remote<> bell("the bell");
        Remote<> door("the door");
        auto either = spawn_mock("the select", rt::select(bell.future(), door.future()));
        static_assert(std::is_same_v<decltype(either.poll())::Value, std::variant<std::monostate, std::monostate>>);
        CHECK(either.poll() == Pending);
        door.finish();
        auto poll = either.poll();
        REQUIRE_MESSAGE(poll.is_ready(),
                        "a branch without a value is done, and the select goes on waiting. Store a std::monostate.");
        CHECK(poll.value().index() == 1);
    }

    TEST_CASE_FIXTURE(Kitchen, "the newest waker is woken") {
        auto race = rt::select(kettle.future(), toaster.future());
        auto first = spawn_mock("the select in its first task", rt::by_ref(race));
        auto second = spawn_mock("the select in its second task", rt::by_ref(race));
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK(first.kept_wakers() == 0);
        kettle.finish(100);
        CHECK(second.is_woken());
        CHECK_FALSE(first.is_woken());
    }

    TEST_CASE_FIXTURE(Kitchen, "a select that is destroyed cancels all branches") {
        auto both = race();
        CHECK(both.poll() == Pending);
        both.drop();
        CHECK(kettle.drops() == 1);
        CHECK(toaster.drops() == 1);
        CHECK(both.kept_wakers() == 0);
    }

    TEST_CASE_FIXTURE(Kitchen, "a select polled after Ready is caught") {
        auto both = race();
        kettle.finish(100);
        CHECK(both.poll().is_ready());
        expect_violation("select: polled after Ready", [&] { (void)both.poll(); });
    }

    TEST_CASE_FIXTURE(Kitchen, "a select moved after its first poll is caught") {
        auto both = race();
        CHECK(both.poll() == Pending);
        expect_violation("moved after its first poll", [&] { auto elsewhere = std::move(both.future()); });
    }
}
