/// An exercise without a starter: write a future from nothing, and call it `exercise::map`.
///
/// `exercise::map(future, f)` returns a future. That future waits for `future`, calls `f` with its value, and is Ready
/// with what `f` returned. Both values may be of a type that cannot be copied. Neither of them is void.
///
/// Write it into mine/03-future/exercise.hpp. The file needs `#pragma once`, `#include <rt/future.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
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
class Careless {
  public:
    using Output = int;

    rt::Poll<int> poll(rt::Context&) { return Ready(3); }
};

/// A future without a Contract: it is always Pending.
class NeverReady {
  public:
    using Output = int;

    rt::Poll<int> poll(rt::Context&) { return Pending; }
};

}  // namespace

TEST_SUITE("03 exercise a map of your own") {
    TEST_CASE("a mapped future is a future and yields what the function returns") {
        auto to_text = [](int degrees) { return std::to_string(degrees); };
        auto mapped = exercise::map(rt::ready(3), to_text);
        static_assert(
            rt::Future<decltype(mapped)>,
            "What exercise::map returns is not a future. Give it `Output` and `Poll<Output> poll(Context&)`.");
        static_assert(std::same_as<rt::OutputOf<decltype(mapped)>, std::string>,
                      "The Output of exercise::map is wrong. Let it be the type that the function returns.");
        auto task = spawn_mock("the mapped future", std::move(mapped));
        CHECK(task.poll() == Ready(std::string("3")));
    }

    TEST_CASE("nothing happens before the first poll") {
        Remote<int> kettle("the kettle");
        int calls = 0;
        auto task = spawn_mock("the mapped future", exercise::map(kettle.future(), [&calls](int) { return ++calls; }));
        CHECK(kettle.polls() == 0);
        CHECK(calls == 0);
    }

    TEST_CASE("it waits as long as the inner future waits") {
        Remote<int> kettle("the kettle");
        int calls = 0;
        auto count = [&calls](int degrees) {
            ++calls;
            return degrees - 20;
        };
        auto task = spawn_mock("the mapped future", exercise::map(kettle.future(), count));
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(
            calls == 0,
            "the function was called, but the inner future has no value yet. Call it when the inner future is Ready.");
        CHECK_MESSAGE(kettle.keeps_waker(), "the inner future keeps no waker. Pass it the context of this poll.");
        expect_more_polls(task.future(), "map");
        kettle.finish(100);
        CHECK(task.is_woken());
        CHECK(task.poll() == Ready(80));
        CHECK(calls == 1);
    }

    TEST_CASE("values and functions that cannot be copied") {
        auto fill = [cup = std::make_unique<int>(3)](std::unique_ptr<int> more) mutable {
            *cup += *more;
            return std::move(cup);
        };
        auto task =
            spawn_mock("the mapped future", exercise::map(rt::ready(std::make_unique<int>(4)), std::move(fill)));
        auto answer = task.poll();
        REQUIRE(answer.is_ready());
        CHECK(*std::move(answer).value() == 7);
    }

    TEST_CASE("an exception leaves the poll") {
        Remote<int> kettle("the kettle");
        auto same = [](int degrees) { return degrees; };
        auto task = spawn_mock("the mapped future", exercise::map(kettle.future(), same));
        kettle.fail(std::runtime_error("the kettle burst"));
        CHECK_THROWS_WITH((void)task.poll(), "the kettle burst");

        auto burst = [](int) -> int { throw std::runtime_error("the cup broke"); };
        auto other = spawn_mock("another", exercise::map(rt::ready(3), burst));
        CHECK_THROWS_WITH((void)other.poll(), "the cup broke");
    }

    TEST_CASE("destroying it destroys the inner future and the function") {
        Remote<int> kettle("the kettle");
        DropCounter counter;
        auto keep = [token = counter.token()](int degrees) { return degrees; };
        auto task = spawn_mock("the mapped future", exercise::map(kettle.future(), std::move(keep)));
        CHECK(task.poll() == Pending);
        task.drop();
        CHECK(kettle.drops() == 1);
        CHECK(counter.alive() == 0);
    }

    TEST_CASE("it keeps the contract") {
        expect_violation("polled after Ready", [] {
            auto mapped = exercise::map(Careless(), [](int degrees) { return degrees; });
            (void)poll_once(mapped);
            (void)poll_once(mapped);
        });
        expect_violation("moved after its first poll", [] {
            auto mapped = exercise::map(NeverReady(), [](int degrees) { return degrees; });
            (void)poll_once(mapped);
            [[maybe_unused]] auto moved = std::move(mapped);
        });
    }
}
