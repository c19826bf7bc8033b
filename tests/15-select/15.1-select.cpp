#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <rt/time.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/paused_clock.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::Pending;

TEST_SUITE("15.1 the first to be done") {
    TEST_CASE("nobody is done") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        auto race = spawn_mock("select(kettle, toaster)", rt::select(kettle.future(), toaster.future()));
        CHECK(kettle.polls() == 0);
        CHECK(race.poll() == Pending);
        CHECK(kettle.polls() == 1);
        CHECK(toaster.polls() == 1);
        CHECK(kettle.keeps_waker());
        CHECK(toaster.keeps_waker());
        CHECK(kettle.drops() == 0);
        CHECK(toaster.drops() == 0);
    }

    TEST_CASE("the first one wins") {
        Remote<int> kettle("the kettle");
        Remote<std::string> toaster("the toaster");
        auto race = spawn_mock("select(kettle, toaster)", rt::select(kettle.future(), toaster.future()));
        CHECK(race.poll() == Pending);
        kettle.finish(100);
        CHECK(race.is_woken());
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 0);
        CHECK(std::get<0>(poll.value()) == 100);
    }

    TEST_CASE("the second one wins") {
        Remote<int> kettle("the kettle");
        Remote<std::string> toaster("the toaster");
        auto race = spawn_mock("select(kettle, toaster)", rt::select(kettle.future(), toaster.future()));
        CHECK(race.poll() == Pending);
        toaster.finish("toast");
        CHECK(race.is_woken());
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 1);
        CHECK(std::get<1>(poll.value()) == "toast");
    }

    TEST_CASE("the loser is dropped before the value is there and only once") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        auto race = spawn_mock("select(kettle, toaster)", rt::select(kettle.future(), toaster.future()));
        CHECK(race.poll() == Pending);
        kettle.finish(100);
        CHECK(toaster.drops() == 0);
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(toaster.drops() == 1);
        CHECK_FALSE(toaster.keeps_waker());
        CHECK(kettle.drops() == 1);
        race.drop();
        CHECK(toaster.drops() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a select that is dropped drops all branches") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        auto race = spawn_mock("select(kettle, toaster)", rt::select(kettle.future(), toaster.future()));
        CHECK(race.poll() == Pending);
        race.drop();
        CHECK(kettle.drops() == 1);
        CHECK(toaster.drops() == 1);
        CHECK(race.kept_wakers() == 0);
    }

    TEST_CASE("a branch that throws has won") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        auto race = spawn_mock("select(kettle, toaster)", rt::select(kettle.future(), toaster.future()));
        CHECK(race.poll() == Pending);
        toaster.fail(std::runtime_error("the toaster burns"));
        CHECK_THROWS_WITH((void)race.poll(), "the toaster burns");
        CHECK(kettle.drops() == 1);
        CHECK(toaster.drops() == 1);
    }

    TEST_CASE("nothing is polled behind the winner") {
        // In whatever order: the ready one ends the poll, and neither is polled twice in it.
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        auto race =
            spawn_mock("select(biased, kettle, toaster)", rt::select(rt::biased, kettle.future(), toaster.future()));
        kettle.finish(100);
        CHECK(race.poll().is_ready());
        CHECK(kettle.polls() == 1);
        CHECK(toaster.polls() == 0);
        CHECK(toaster.drops() == 1);
    }

    TEST_CASE("a branch without a value gives monostate") {
        Remote<> bell("the bell");
        Remote<> door("the door");
        auto race = spawn_mock("select(bell, door)", rt::select(bell.future(), door.future()));
        bell.finish();
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        static_assert(std::is_same_v<decltype(poll)::Value, std::variant<std::monostate, std::monostate>>);
        CHECK(poll.value().index() == 0);
    }

    TEST_CASE("values that can only be moved") {
        Remote<std::unique_ptr<int>> kettle("the kettle");
        auto race = spawn_mock("select(pending, kettle)", rt::select(rt::pending<int>(), kettle.future()));
        kettle.finish(std::make_unique<int>(3));
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(*std::get<1>(poll.value()) == 3);
    }

    TEST_CASE("one future alone is a race too") {
        Remote<int> kettle("the kettle");
        auto race = spawn_mock("select(kettle)", rt::select(kettle.future()));
        CHECK(race.poll() == Pending);
        kettle.finish(100);
        CHECK(std::get<0>(race.poll().value()) == 100);
    }

    TEST_CASE("a race of races") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        Remote<int> oven("the oven");
        auto race = spawn_mock("select(select(kettle, toaster), oven)",
                               rt::select(rt::select(kettle.future(), toaster.future()), oven.future()));
        CHECK(race.poll() == Pending);
        toaster.finish(1);
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        REQUIRE(poll.value().index() == 0);
        CHECK(std::get<0>(poll.value()).index() == 1);
        CHECK(kettle.drops() == 1);
        CHECK(oven.drops() == 1);
    }

    TEST_CASE("the latest waker is woken") {
        Remote<int> kettle("the kettle");
        auto race = rt::select(kettle.future(), rt::pending<int>());
        auto first = spawn_mock("the race as lent to one task", rt::by_ref(race));
        auto second = spawn_mock("the race as lent to another", rt::by_ref(race));
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        kettle.finish(100);
        CHECK(second.is_woken());
        CHECK_FALSE(first.is_woken());
    }

    TEST_CASE("a sleep that loses takes its timer along") {
        PausedClock clock;
        auto race = spawn_mock("select(1 s, 1 h)", rt::select(rt::sleep(1s), rt::sleep(1h)));
        CHECK(race.poll() == Pending);
        CHECK(clock.timers() == 2);
        clock.jump();
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 0);
        CHECK(clock.timers() == 0);
    }

    TEST_CASE("a coroutine that loses goes with all it holds") {
        Remote<int> kettle("the kettle");
        auto wait = [](CountedFuture<int> future) -> Async<int> { co_return co_await future; };
        auto race = spawn_mock("select(coroutine, ready)", rt::select(rt::biased, wait(kettle.future()), rt::ready(1)));
        auto poll = race.poll();
        REQUIRE(poll.is_ready());
        CHECK(poll.value().index() == 1);
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a select is not polled after it was ready") {
        auto race = spawn_mock("select(ready)", rt::select(rt::ready(1)));
        CHECK(race.poll().is_ready());
        expect_violation("select: polled after Ready", [&] { (void)race.poll(); });
    }

    TEST_CASE("a select is not moved after its first poll") {
        auto race = spawn_mock("select(pending)", rt::select(rt::pending()));
        CHECK(race.poll() == Pending);
        expect_violation("moved after its first poll", [&] { auto elsewhere = std::move(race.future()); });
    }
}
