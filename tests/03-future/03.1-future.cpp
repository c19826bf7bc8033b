#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>

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

}  // namespace

TEST_SUITE("03.1 Future and ready and pending") {
    TEST_CASE("what is a future and what is not") {
        step("ask the concept");
        CHECK(Future<Kettle>);
        CHECK(Future<rt::ReadyFuture<int>>);
        CHECK(Future<rt::PendingFuture<void>>);
        CHECK_FALSE(Future<int>);
        CHECK_FALSE(Future<Kettle&>);
        CHECK_FALSE(Future<NamesNoOutput>);
        CHECK_FALSE(Future<CannotBePolled>);
        CHECK_FALSE(Future<AnswersBarely>);
        CHECK_FALSE(Future<AnswersSomethingElse>);
    }

    TEST_CASE("NonVoid stands in for void") {
        step("look at the types");
        CHECK(std::is_same_v<rt::NonVoid<void>, std::monostate>);
        CHECK(std::is_same_v<rt::NonVoid<int>, int>);
        CHECK(std::is_same_v<rt::OutputOf<Kettle>, int>);
    }

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
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("pending keeps the waker so that its waiting is seen to be meant") {
        auto task = spawn_mock("pending()", rt::pending());
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        CHECK(task.poll() == Pending);
        CHECK(task.kept_wakers() == 1);
        task.drop();
        CHECK(task.kept_wakers() == 0);
    }
}
