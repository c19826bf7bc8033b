/// An exercise without a starter: write a future from nothing that polls two others, and call it `exercise::race`.
///
/// `exercise::race(first, second)` returns a future. Both arguments are futures with the same Output, which isn't void. Each
/// poll polls `first` and then `second`:
///  - As soon as one of them is Ready, the race is Ready with its value. The other one is destroyed at that moment.
///  - If both are Ready in the same poll, `first` wins, and `second` isn't polled anymore.
///  - An exception wins like a value: it leaves the poll of the race, and the other future is destroyed.
///
/// Write it into mine/06-join/exercise.hpp. The file needs `#pragma once`, `#include <rt/join.hpp>`, and `namespace exercise`.
/// The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/join.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <concepts>
#include <memory>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Pending, rt::Ready;

TEST_SUITE("06 exercise a race of two futures") {
    TEST_CASE("both are polled and the first to finish wins") {
        Remote<int> hare("the hare");
        Remote<int> tortoise("the tortoise");
        auto race = exercise::race(hare.future(), tortoise.future());
        static_assert(std::same_as<rt::OutputOf<decltype(race)>, int>, "a race must yield what its futures yield");
        auto task = spawn_mock("the race", std::move(race));
        CHECK(hare.polls() == 0);
        CHECK(task.poll() == Pending);
        expect_more_polls(task.future(), "race");
        CHECK(hare.polls() == 1);
        CHECK_MESSAGE(tortoise.polls() == 1, "a future that is never polled never starts");
        tortoise.finish(2);
        CHECK(task.is_woken());
        CHECK(task.poll() == Ready(2));
        CHECK_MESSAGE(hare.drops() == 1, "the loser was not destroyed, so it goes on using what it holds");
    }

    TEST_CASE("the first argument wins a tie and the second is not polled") {
        Remote<int> hare("the hare");
        Remote<int> tortoise("the tortoise");
        auto task = spawn_mock("the race", exercise::race(hare.future(), tortoise.future()));
        hare.finish(1);
        tortoise.finish(2);
        CHECK(task.poll() == Ready(1));
        CHECK(tortoise.polls() == 0);
        CHECK(tortoise.drops() == 1);
    }

    TEST_CASE("an exception wins too") {
        Remote<int> hare("the hare");
        Remote<int> tortoise("the tortoise");
        auto task = spawn_mock("the race", exercise::race(hare.future(), tortoise.future()));
        CHECK(task.poll() == Pending);
        tortoise.fail(std::runtime_error("the tortoise fell"));
        CHECK_THROWS_WITH_AS((void)task.poll(), "the tortoise fell", std::runtime_error);
        CHECK(hare.drops() == 1);
    }

    TEST_CASE("a value that cannot be copied is moved") {
        auto task = spawn_mock(
            "the race", exercise::race(rt::ready(std::make_unique<int>(3)), rt::pending<std::unique_ptr<int>>()));
        auto answer = task.poll();
        REQUIRE(answer.is_ready());
        CHECK(*std::move(answer).value() == 3);
    }

    TEST_CASE("a race that is destroyed cancels both") {
        Remote<int> hare("the hare");
        Remote<int> tortoise("the tortoise");
        auto task = spawn_mock("the race", exercise::race(hare.future(), tortoise.future()));
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(hare.drops() == 1);
        CHECK(tortoise.drops() == 1);
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE("it keeps the contract") {
        expect_violation("polled after Ready", [] {
            auto task = spawn_mock("the race", exercise::race(rt::ready(1), rt::ready(2)));
            (void)task.poll();
            (void)task.poll();
        });
    }
}
