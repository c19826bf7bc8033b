#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/more_polls.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Context;
using rt::Pending;
using rt::Poll;
using rt::Ready;
using rt::Waker;

TEST_SUITE("03.2 poll_fn and Countdown and by_ref") {
    TEST_CASE("poll_fn calls its function at each poll and not before") {
        int calls = 0;
        auto count = [&calls](Context&) -> Poll<int> {
            ++calls;
            if (calls < 3) {
                return Pending;
            }
            return Ready(calls);
        };
        step("make a poll_fn");
        auto task = spawn_mock("poll_fn", rt::poll_fn(count));
        CHECK(calls == 0);  // a future does nothing until it is polled
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

    TEST_CASE("poll_fn passes on what its function throws") {
        auto burst = [](Context&) -> Poll<int> { throw std::runtime_error("the kettle burst"); };
        auto task = spawn_mock("poll_fn", rt::poll_fn(burst));
        CHECK_THROWS_WITH((void)task.poll(), "the kettle burst");
    }

    TEST_CASE("poll_fn keeps a function that cannot be copied") {
        auto owner = [cup = std::make_unique<int>(3)](Context&) -> Poll<int> { return Ready(*cup); };
        auto task = spawn_mock("poll_fn", rt::poll_fn(std::move(owner)));
        CHECK(task.poll() == Ready(3));
    }

    TEST_CASE("poll_fn keeps its function from poll to poll") {
        auto count = [calls = 0](Context&) mutable -> Poll<int> {
            if (++calls < 2) {
                return Pending;
            }
            return Ready(calls);
        };
        auto task = spawn_mock("poll_fn", rt::poll_fn(count));
        CHECK(task.poll() == Pending);
        expect_more_polls(task.future(), "poll_fn");
        CHECK_MESSAGE(task.poll() == Ready(2),
                      "the function does not know of its first call: call `f_` itself, where it lies, and neither a "
                      "copy nor what was moved out of it");
    }

    TEST_CASE("poll_fn gives its answer away") {
        DropCounter counter;
        auto serve = [&counter](Context&) -> Poll<DropCounter::Token> { return Ready(counter.token()); };
        auto task = spawn_mock("poll_fn", rt::poll_fn(serve));
        CHECK(task.poll().is_ready());
        CHECK_MESSAGE(counter.copies() == 0,
                      "the answer was copied, and not every value can be: return it by its name, and not as a const");
    }

    TEST_CASE("a countdown of zero is ready at once") {
        auto task = spawn_mock("Countdown(0)", rt::Countdown(0));
        CHECK(task.poll() == Ready());
        CHECK(task.wakes() == 0);
    }

    TEST_CASE("a countdown does nothing until it is polled") {
        step("make a Countdown(2)");
        rt::Countdown countdown(2);
        CHECK(countdown.left() == 2);
        auto task = spawn_mock("Countdown(2)", std::move(countdown));
        CHECK(task.future().left() == 2);
        CHECK(task.wakes() == 0);
        CHECK(task.poll() == Pending);
        CHECK(task.future().left() == 1);
        CHECK(task.wakes() == 1);
    }

    TEST_CASE("a countdown wakes whoever it keeps waiting") {
        auto task = spawn_mock("Countdown(2)", rt::Countdown(2));
        CHECK(task.poll() == Pending);
        CHECK(task.is_woken());
        CHECK(task.future().left() == 1);
        expect_more_polls(task.future(), "Countdown");
        CHECK(task.poll() == Pending);
        CHECK(task.is_woken());
        CHECK(task.future().left() == 0);
        CHECK(task.poll() == Ready());
        CHECK_FALSE(task.is_woken());
        CHECK(task.polls() == 3);
        CHECK(task.wakes() == 2);
    }

    TEST_CASE("moving before the first poll is fine and so is moving a finished one") {
        step("move a Countdown(1) twice");
        rt::Countdown first(1);
        rt::Countdown second = std::move(first);
        rt::Countdown third(7);
        third = std::move(second);
        step("poll it to its end");
        Waker const waker = Waker::noop();
        Context cx(waker);
        CHECK(third.poll(cx) == Pending);
        expect_more_polls(third, "Countdown");
        CHECK(third.poll(cx) == Ready());
        step("move what is left of it");
        rt::Countdown husk = std::move(third);
        CHECK(husk.left() == 0);
    }

    TEST_CASE("by_ref lends a future") {
        Remote<int> kettle("the kettle");
        auto future = kettle.future();
        int const moves = kettle.moves();
        {
            auto task = spawn_mock("by_ref(kettle)", rt::by_ref(future));
            CHECK(task.poll() == Pending);
            CHECK(kettle.polls() == 1);
            CHECK(kettle.moves() == moves);
            task.drop();
            CHECK(kettle.drops() == 0);  // only the loan has ended
        }
        auto task = spawn_mock("by_ref(kettle) once more", rt::by_ref(future));
        kettle.finish(100);
        CHECK(task.poll() == Ready(100));
        CHECK(kettle.polls() == 2);
    }
}
