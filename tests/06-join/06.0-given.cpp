/// \file
/// 06.0: the parts of an outcome and of a join that are given.
#include <doctest/doctest.h>
#include <rt/join.hpp>
#include <rt/outcome.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>

#include <exception>
#include <stdexcept>

using namespace support;

TEST_SUITE("06.0 given: how an outcome and a join begin and end") {
    TEST_CASE("a new outcome is empty") {
        rt::Outcome<int> outcome;
        CHECK(outcome.is_empty());
        CHECK_FALSE(outcome.has_exception());
    }

    TEST_CASE("an exception is taken once") {
        rt::Outcome<int> outcome;
        outcome.set_exception(std::make_exception_ptr(std::runtime_error("the kettle burst")));
        CHECK(outcome.take_exception() != nullptr);
        CHECK_MESSAGE(outcome.take_exception() == nullptr, "take_exception returned the same exception twice");
        CHECK(outcome.has_exception());
    }

    TEST_CASE("an outcome that nobody asks for is destroyed with what it keeps") {
        DropCounter drops;
        {
            rt::Outcome<DropCounter::Token> outcome;
            outcome.set_value(drops.token());
            CHECK(drops.alive() == 1);
        }
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("an outcome that is reset destroys what it keeps") {
        DropCounter drops;
        rt::Outcome<DropCounter::Token> outcome;
        outcome.set_value(drops.token());
        outcome.reset();
        CHECK(outcome.is_empty());
        CHECK(drops.alive() == 0);
    }

    TEST_CASE("an empty outcome that is taken is reported") {
        expect_violation("an outcome was taken, but it is empty", [] {
            rt::Outcome<int> outcome;
            (void)outcome.take();
        });
    }

    TEST_CASE("a value becomes the answer of a poll without a copy") {
        DropCounter drops;
        auto const poll = rt::ready_with<DropCounter::Token>(drops.token());
        CHECK(poll.is_ready());
        CHECK(drops.copies() == 0);
    }

    TEST_CASE("a join that is never polled drops its children") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        { auto never = rt::join(kettle.future(), toaster.future()); }
        CHECK(kettle.polls() == 0);
        CHECK(kettle.drops() == 1);
        CHECK(toaster.drops() == 1);
    }
}
