#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

using namespace support;
using rt::Context;
using rt::Future;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

namespace {

struct Kettle {
    using Output = int;
    Poll<int> poll(Context&) { return Ready(100); }
};

struct NamesNoOutput {
    Poll<int> poll(Context&) { return Pending; }
};

struct CannotBePolled {
    using Output = int;
};

struct AnswersBarely {
    using Output = int;
    int poll(Context&) { return 3; }
};

struct AnswersSomethingElse {
    using Output = int;
    Poll<std::string> poll(Context&) { return Pending; }
};

static_assert(Future<Kettle>);
static_assert(Future<rt::ReadyFuture<int>>);
static_assert(Future<rt::PendingFuture<void>>);
static_assert(!Future<int>);
static_assert(!Future<Kettle&>);
static_assert(!Future<NamesNoOutput>);
static_assert(!Future<CannotBePolled>);
static_assert(!Future<AnswersBarely>);
static_assert(!Future<AnswersSomethingElse>);

static_assert(std::is_same_v<rt::NonVoid<void>, std::monostate>);
static_assert(std::is_same_v<rt::NonVoid<int>, int>);
static_assert(std::is_same_v<rt::OutputOf<Kettle>, int>);

}  // namespace

TEST_SUITE("03.1 Future and ready and pending") {
    TEST_CASE("ready is Ready at its first poll") {
        auto task = spawn_mock("ready(3)", rt::ready(3));
        CHECK(task.poll() == Ready(3));
        CHECK(task.polls() == 1);
        CHECK(task.wakes() == 0);
        CHECK(task.clones() == 0);  // who does not wait needs no waker
    }

    TEST_CASE("ready without a value") {
        auto task = spawn_mock("ready()", rt::ready());
        CHECK(task.poll() == Ready());
        CHECK(task.clones() == 0);
    }

    TEST_CASE("ready hands its value over") {
        auto task = spawn_mock("ready(unique_ptr)", rt::ready(std::make_unique<int>(3)));
        Poll<std::unique_ptr<int>> answer = task.poll();
        REQUIRE(answer.is_ready());
        CHECK(*answer.value() == 3);

        DropCounter counter;
        auto counted = spawn_mock("ready(token)", rt::ready(counter.token()));
        (void)counted.poll();
        CHECK(counter.copies() == 0);
        CHECK(counter.alive() == 0);
    }

    TEST_CASE("ready can be moved before it is polled") {
        auto first = rt::ready(3);
        step("move ready(3)");
        auto second = std::move(first);
        auto task = spawn_mock("ready(3)", std::move(second));
        CHECK(task.poll() == Ready(3));
    }

    TEST_CASE("pending is never ready and wakes nobody") {
        auto task = spawn_mock("pending()", rt::pending<int>());
        CHECK(task.poll() == Pending);
        expect_more_polls(task.future(), "pending");
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("pending keeps the waker so that its waiting is seen to be meant") {
        auto task = spawn_mock("pending()", rt::pending());
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        expect_more_polls(task.future(), "pending");
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        task.drop();
        CHECK_MESSAGE(task.kept_wakers() == 0,
                      "the future is gone, and its waker never gave its reference back: it belongs in a member, which "
                      "dies with the future");
    }

    TEST_CASE("the newest waker counts") {
        CountingWaker first_bell;
        CountingWaker second_bell;
        Waker const first = first_bell.waker();
        Waker const second = second_bell.waker();
        auto future = rt::pending<int>();
        step("poll with the first waker");
        Context first_cx(first);
        CHECK(future.poll(first_cx) == Pending);
        CHECK(first_bell.alive() == 2);
        expect_more_polls(future, "pending");
        step("poll with the second waker");
        Context second_cx(second);
        CHECK(future.poll(second_cx) == Pending);
        CHECK(second_bell.alive() == 2);  // the one it keeps now
        CHECK(first_bell.alive() == 1);   // and the old one was given back
    }
}
