/// An exercise without a starter: write a future from nothing that computes for long and still lets the others run.
///
/// `exercise::in_slices(count, step)` returns a future. `step` is a function without arguments that does a piece of work and
/// returns true if there is more to do. Each poll calls `step` up to `count` times, and then yields:
///  - When `step` returns false, the future is Ready at once, with the number of calls of `step`.
///  - After `count` calls in one poll, the future is Pending, and it has woken its task exactly once.
///  - An exception of `step` leaves the poll.
///
/// Write it into mine/07-yield-now/exercise.hpp. The file needs `#pragma once`, `#include <rt/yield_now.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/join.hpp>
#include <rt/yield_now.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <concepts>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using rt::Pending, rt::Ready;

namespace {

/// A step of a computation that ends with its `calls`th call.
auto steps(int calls, int& made) {
    return [calls, &made] { return ++made < calls; };
}

}  // namespace

TEST_SUITE("07 exercise a long computation in slices") {
    TEST_CASE("each poll makes at most so many steps") {
        int made = 0;
        auto future = exercise::in_slices(2, steps(5, made));
        static_assert(std::same_as<rt::OutputOf<decltype(future)>, int>, "the Output is the number of calls, an int");
        auto task = spawn_mock("the computation", std::move(future));
        CHECK(made == 0);
        CHECK(task.poll() == Pending);
        CHECK(made == 2);
        CHECK_MESSAGE(task.wakes() == 1, "after a slice it wakes its own task once, because it wants to go on");
        CHECK(task.kept_wakers() == 0);
        expect_more_polls(task.future(), "in_slices");
        CHECK(task.poll() == Pending);
        CHECK(made == 4);
        CHECK(task.poll() == Ready(5));
        CHECK(made == 5);
        CHECK(task.wakes() == 2);
    }

    TEST_CASE("the last step of a slice may be the end") {
        int made = 0;
        auto task = spawn_mock("the computation", exercise::in_slices(3, steps(3, made)));
        CHECK_MESSAGE(task.poll() == Ready(3), "the work is done, so there is no reason to yield");
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("two computations take turns") {
        std::string said;
        auto talk = [&said](char name, int left) {
            return [&said, name, left]() mutable {
                said.push_back(name);
                return --left > 0;
            };
        };
        auto both = spawn_mock("the join",
                               rt::join(exercise::in_slices(2, talk('a', 4)), exercise::in_slices(1, talk('b', 3))));
        CHECK(both.poll() == Pending);
        CHECK(said == "aab");
        CHECK(both.poll() == Pending);
        CHECK(said == "aabaab");
        CHECK(both.poll() == Ready(std::tuple(4, 3)));
        CHECK(said == "aabaabb");
    }

    TEST_CASE("an exception leaves the poll") {
        auto task = spawn_mock("the computation",
                               exercise::in_slices(2, []() -> bool { throw std::runtime_error("overflow"); }));
        CHECK_THROWS_WITH_AS((void)task.poll(), "overflow", std::runtime_error);
    }

    TEST_CASE("it keeps the contract") {
        expect_violation("polled after Ready", [] {
            int made = 0;
            auto task = spawn_mock("the computation", exercise::in_slices(1, steps(1, made)));
            (void)task.poll();
            (void)task.poll();
        });
    }
}
