/// An exercise without a starter: write a future from nothing, and call it `exercise::in_order`.
///
/// `exercise::in_order(first, second)` returns a future. That future waits for `first` and then for `second`, and is Ready with
/// a `std::pair` of their values. In Rust it would be this function:
///
///     async { let a = first.await; let b = second.await; (a, b) }
///
/// So `second` is not polled before `first` is Ready. Each of the two futures is destroyed when it is Ready. Neither value is
/// void, and both may be of a type that cannot be copied. Ask yourself which of the variables above must survive a wait.
///
/// Write it into mine/04-state-machine/exercise.hpp. The file needs `#pragma once`, `#include <rt/future.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include "address.hpp"

#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/future.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/poll_once.hpp>

#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

/// A future without a Contract: it is Ready as often as it is polled.
class Mug {
  public:
    using Output = int;

    rt::Poll<int> poll(rt::Context&) { return Ready(3); }
};

}  // namespace

TEST_SUITE("04 exercise two waits in order") {
    TEST_CASE("it yields both values in order") {
        auto both = exercise::in_order(rt::ready(2), rt::ready(std::string("cups")));
        static_assert(
            rt::Future<decltype(both)>,
            "What exercise::in_order returns is not a future. Give it `Output` and `Poll<Output> poll(Context&)`.");
        static_assert(std::same_as<rt::OutputOf<decltype(both)>, std::pair<int, std::string>>,
                      "The Output of exercise::in_order is wrong. Let it be a std::pair of both Outputs.");
        auto task = spawn_mock("in_order", std::move(both));
        CHECK_MESSAGE(task.poll() == Ready(std::pair(2, std::string("cups"))),
                      "the second future was not polled in the poll in which the first was Ready. Poll it at once, "
                      "because it has no waker yet.");
        CHECK(task.wakes() == 0);
        CHECK(task.clones() == 0);
    }

    TEST_CASE("nothing happens before its first poll") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        auto task = spawn_mock("in_order", exercise::in_order(boil.future(), brew.future()));
        CHECK(boil.polls() == 0);
        CHECK(brew.polls() == 0);
    }

    TEST_CASE("it waits for one future at a time") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        auto task = spawn_mock("in_order", exercise::in_order(boil.future(), brew.future()));
        brew.finish(7);
        CHECK(task.poll() == Pending);
        CHECK(boil.polls() == 1);
        CHECK_MESSAGE(brew.polls() == 0, "brew was polled while boil was Pending. Wait for boil first.");
        CHECK(task.kept_wakers() == 1);
        expect_more_polls(task.future(), "in_order");
        boil.finish(100);
        CHECK(task.is_woken());
        CHECK(task.poll() == Ready(std::pair(100, 7)));
        CHECK(boil.polls() == 2);
        CHECK(brew.polls() == 1);
    }

    TEST_CASE("it goes on at the second wait") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        auto task = spawn_mock("in_order", exercise::in_order(boil.future(), brew.future()));
        boil.finish(100);
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(
            brew.polls() == 1,
            "brew was not polled in the poll in which boil was Ready. Poll it at once, because it has no waker yet.");
        CHECK_MESSAGE(boil.drops() == 1, "boil still exists after it was Ready. Destroy it before you wait for brew.");
        CHECK(task.kept_wakers() == 1);
        expect_more_polls(task.future(), "in_order");
        CHECK(task.poll() == Pending);
        CHECK(boil.polls() == 1);
        CHECK(brew.polls() == 2);
        brew.finish(7);
        CHECK(task.poll() == Ready(std::pair(100, 7)));
        CHECK_MESSAGE(brew.drops() == 1, "brew still exists after it was Ready. Destroy it before you return.");
    }

    TEST_CASE("values that cannot be copied") {
        auto task = spawn_mock(
            "in_order", exercise::in_order(rt::ready(std::make_unique<int>(3)), rt::ready(std::make_unique<int>(4))));
        auto answer = task.poll();
        REQUIRE(answer.is_ready());
        auto [first, second] = std::move(answer).value();
        CHECK(*first == 3);
        CHECK(*second == 4);
    }

    TEST_CASE("dropping it at the second wait drops the first value too") {
        DropCounter counter;
        Remote<int> brew("brew");
        auto task = spawn_mock("in_order", exercise::in_order(rt::ready(counter.token()), brew.future()));
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(counter.alive() == 1, "the value of the first future is lost. It must survive the second wait.");
        task.drop();
        CHECK(counter.alive() == 0);
        CHECK(counter.copies() == 0);
        CHECK(brew.drops() == 1);
        CHECK(task.kept_wakers() == 0);
    }

    TEST_CASE("an exception of either future leaves the poll") {
        Remote<int> boil("boil");
        Remote<int> brew("brew");
        auto task = spawn_mock("in_order", exercise::in_order(boil.future(), brew.future()));
        boil.fail(std::runtime_error("the kettle burst"));
        CHECK_THROWS_WITH((void)task.poll(), "the kettle burst");
        CHECK(brew.polls() == 0);

        Remote<int> leaves("leaves");
        auto other = spawn_mock("another", exercise::in_order(rt::ready(100), leaves.future()));
        leaves.fail(std::runtime_error("no leaves"));
        CHECK_THROWS_WITH((void)other.poll(), "no leaves");
    }

    TEST_CASE("it keeps the contract") {
        expect_violation("polled after Ready", [] {
            auto both = exercise::in_order(Mug(), Mug());
            (void)poll_once(both);
            (void)poll_once(both);
        });
        expect_violation("moved after its first poll", [] {
            auto both = exercise::in_order(Address(), Mug());
            (void)poll_once(both);
            [[maybe_unused]] auto moved = std::move(both);
        });
        expect_violation("moved after its first poll", [] {
            auto both = exercise::in_order(Mug(), Address());
            (void)poll_once(both);
            [[maybe_unused]] auto moved = std::move(both);
        });
    }
}
