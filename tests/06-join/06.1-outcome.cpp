/// \file
/// 06.1: an outcome keeps how a future ended.
#include <doctest/doctest.h>

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <support/counted_future.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace support;

namespace {

/// A value whose move may throw.
struct Fragile {
    static inline int moves_left = 0;
    Fragile() = default;
    Fragile(Fragile&&) {
        if (--moves_left == 0) {
            throw std::runtime_error("the cup broke");
        }
    }
};

/// Polls `future` once, as a parent does for its child.
template <rt::Future F>
bool poll_once(F& future, rt::Outcome<rt::OutputOf<F>>& outcome) {
    step("poll the child for its parent");
    rt::Waker waker = rt::Waker::noop();
    rt::Context cx(waker);
    return rt::poll_into(future, cx, outcome);
}

}  // namespace

TEST_SUITE("06.1 how a child ended") {
    TEST_CASE("it keeps a value") {
        rt::Outcome<int> outcome;
        outcome.set_value(3);
        CHECK_FALSE(outcome.is_empty());
        CHECK_FALSE(outcome.has_exception());
        CHECK(outcome.take() == 3);
    }

    TEST_CASE("it keeps an exception and throws it when asked") {
        rt::Outcome<int> outcome;
        outcome.set_exception(std::make_exception_ptr(std::runtime_error("the kettle burst")));
        CHECK_FALSE(outcome.is_empty());
        CHECK(outcome.has_exception());
        CHECK_THROWS_WITH_AS(outcome.take(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("an exception that was taken is gone when its catch ends") {
        auto water = std::make_shared<int>(1);
        std::weak_ptr<int> const spilled = water;
        rt::Outcome<int> outcome;
        outcome.set_exception(std::make_exception_ptr(std::move(water)));
        CHECK_THROWS_AS(outcome.take(), std::shared_ptr<int>);
        CHECK_MESSAGE(spilled.expired(),
                      "the outcome still holds the exception that it threw. Move it out with take_exception.");
    }

    TEST_CASE("no value is an ending too") {
        rt::Outcome<void> done;
        CHECK(done.is_empty());
        done.set_value();
        CHECK_FALSE(done.is_empty());
        CHECK_NOTHROW(done.take());

        rt::Outcome<void> failed;
        failed.set_exception(std::make_exception_ptr(std::runtime_error("the kettle burst")));
        CHECK_THROWS_WITH_AS(failed.take(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("a value that can only be moved comes out as it went in") {
        rt::Outcome<std::unique_ptr<int>> outcome;
        outcome.set_value(std::make_unique<int>(3));
        std::unique_ptr<int> value = outcome.take();
        REQUIRE(value != nullptr);
        CHECK(*value == 3);
    }

    TEST_CASE("a value that is an exception is a value") {
        rt::Outcome<std::exception_ptr> outcome;
        outcome.set_value(std::make_exception_ptr(std::runtime_error("caught long ago")));
        CHECK_FALSE(outcome.has_exception());
        CHECK(outcome.take() != nullptr);
    }

    TEST_CASE("poll_into says whether the child has ended and keeps how") {
        Remote<int> kettle("the kettle");
        auto future = kettle.future();
        rt::Outcome<int> outcome;

        CHECK_FALSE(poll_once(future, outcome));
        CHECK(outcome.is_empty());
        kettle.finish(3);
        CHECK(poll_once(future, outcome));
        CHECK(kettle.polls() == 2);
        CHECK(outcome.take() == 3);
    }

    TEST_CASE("poll_into lets no exception through") {
        Remote<int> kettle("the kettle");
        auto future = kettle.future();
        rt::Outcome<int> outcome;
        kettle.fail(std::runtime_error("the kettle burst"));

        bool ended = false;
        CHECK_NOTHROW(ended = poll_once(future, outcome));
        CHECK(ended);
        CHECK(outcome.has_exception());
        std::string thrown = "another type";
        try {
            outcome.take();
        } catch (const std::runtime_error& error) {
            thrown = error.what();
        } catch (...) {}
        CHECK_MESSAGE(thrown == "the kettle burst",
                      "the exception lost its type or its text. Keep `std::current_exception()` inside the `catch`.");
    }

    TEST_CASE("an exception that a value throws while it is kept is kept too") {
        for (int moves = 1; moves <= 4; ++moves) {
            step("the value that the child yields throws when it is moved {} time{}", moves, moves == 1 ? "" : "s");
            auto child = rt::poll_fn([moves](rt::Context&) -> rt::Poll<Fragile> {
                Fragile::moves_left = 1000;
                rt::Poll<Fragile> poll = rt::Ready(Fragile());
                Fragile::moves_left = moves;
                return poll;
            });
            rt::Outcome<Fragile> outcome;
            CHECK(poll_once(child, outcome));
            CHECK_FALSE(outcome.is_empty());
            CHECK(outcome.has_exception() == (Fragile::moves_left <= 0));
        }
    }

    TEST_CASE("an exception of any type is kept") {
        Remote<int> kettle("the kettle");
        auto future = kettle.future();
        rt::Outcome<int> outcome;
        kettle.fail(42);

        CHECK(poll_once(future, outcome));
        CHECK_THROWS_AS(outcome.take(), int);
    }

    TEST_CASE("poll_into of a child without a value") {
        rt::Countdown countdown(1);
        rt::Outcome<void> outcome;
        CHECK_FALSE(poll_once(countdown, outcome));
        CHECK(outcome.is_empty());
        CHECK(poll_once(countdown, outcome));
        CHECK_FALSE(outcome.is_empty());
        CHECK_NOTHROW(outcome.take());
    }

    TEST_CASE("a value is never copied on its way") {
        DropCounter drops;
        {
            auto future = rt::ready(drops.token());
            rt::Outcome<DropCounter::Token> outcome;
            CHECK(poll_once(future, outcome));
            DropCounter::Token token = outcome.take();
            CHECK(drops.alive() == 1);
        }
        CHECK(drops.copies() == 0);
        CHECK(drops.drops() == 1);
    }
}
