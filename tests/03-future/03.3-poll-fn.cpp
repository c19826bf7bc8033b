#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>
#include <support/poll_once.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;

TEST_SUITE("03.3 poll_fn") {
    TEST_CASE("poll_fn calls its function at each poll and not before") {
        int calls = 0;
        auto count = [&calls](Context& cx) -> Poll<int> {
            ++calls;
            if (calls < 3) {
                cx.waker().wake_by_ref();
                return Pending;
            }
            return Ready(calls);
        };
        step("make a poll_fn");
        auto task = spawn_mock("poll_fn", rt::poll_fn(count));
        CHECK(calls == 0);  // A future does nothing before its first poll.
        CHECK(task.poll() == Pending);
        CHECK(calls == 1);
        expect_more_polls(task.future(), "poll_fn");
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(3));
        CHECK(calls == 3);
    }

    TEST_CASE("poll_fn lends its function the waker") {
        auto knock = [](Context& cx) -> Poll<void> {
            cx.waker().wake_by_ref();
            return Pending;
        };
        auto task = spawn_mock("poll_fn", rt::poll_fn(knock));
        CHECK(task.poll() == Pending);
        CHECK(task.wakes() == 1);
        CHECK(task.clones() == 0);
    }

    TEST_CASE("poll_fn lets an exception of its function through") {
        auto burst = [](Context&) -> Poll<int> { throw std::runtime_error("the kettle burst"); };
        auto task = spawn_mock("poll_fn", rt::poll_fn(burst));
        CHECK_THROWS_WITH((void)task.poll(), "the kettle burst");
    }

    TEST_CASE("poll_fn takes a function that cannot be copied") {
        auto owner = [cup = std::make_unique<int>(3)](Context&) -> Poll<int> { return Ready(*cup); };
        auto task = spawn_mock("poll_fn", rt::poll_fn(std::move(owner)));
        CHECK(task.poll() == Ready(3));
    }

    TEST_CASE("poll_fn does not give its function away") {
        struct Knock {
            Poll<int> operator()(Context&) & { return Ready(3); }
            Poll<int> operator()(Context&) && { return Pending; }
        };
        auto task = spawn_mock("poll_fn", rt::poll_fn(Knock()));
        CHECK_MESSAGE(task.poll() == Ready(3),
                      "the function was called as a moved-from object, but the next poll needs it. Call `f_(cx)`.");
    }

    TEST_CASE("poll_fn keeps its function from poll to poll") {
        auto count = [calls = 0](Context& cx) mutable -> Poll<int> {
            if (++calls < 2) {
                cx.waker().wake_by_ref();
                return Pending;
            }
            return Ready(calls);
        };
        auto task = spawn_mock("poll_fn", rt::poll_fn(count));
        CHECK(task.poll() == Pending);
        expect_more_polls(task.future(), "poll_fn");
        CHECK_MESSAGE(task.poll() == Ready(2),
                      "the function forgot its first call. Call `f_` itself, and neither copy it nor move out of it.");
    }

    TEST_CASE("poll_fn does not copy the answer") {
        DropCounter counter;
        auto serve = [&counter](Context&) -> Poll<DropCounter::Token> { return Ready(counter.token()); };
        auto task = spawn_mock("poll_fn", rt::poll_fn(serve));
        CHECK(task.poll().is_ready());
        CHECK_MESSAGE(
            counter.copies() == 0,
            "the answer was copied, but not every value can be copied. Return a local variable by its name, not const and not by `?:`.");
    }

    TEST_CASE("polling a finished poll_fn is reported") {
        expect_violation("poll_fn: polled after Ready", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { return Ready(3); });
            (void)poll_once(future);
            (void)poll_once(future);
        });
    }

    TEST_CASE("polling a poll_fn after an exception is reported") {
        expect_violation("poll_fn: polled after Ready", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { throw std::runtime_error("the kettle burst"); });
            try {
                (void)poll_once(future);
            } catch (const std::runtime_error&) {}
            (void)poll_once(future);
        });
    }

    TEST_CASE("moving a poll_fn between its polls is reported") {
        expect_violation("moved after its first poll", [] {
            auto future = rt::poll_fn([](Context&) -> Poll<int> { return Pending; });
            (void)poll_once(future);
            [[maybe_unused]] auto moved = std::move(future);
        });
    }
}
