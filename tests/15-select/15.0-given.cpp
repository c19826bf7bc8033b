/// \file
/// 15.0: the parts of a select and of a timeout that are given.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/select.hpp>
#include <rt/timeout.hpp>
#include <support/counted_future.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <string_view>

using namespace support;
using namespace std::chrono_literals;
using rt::detail::next_start;

TEST_SUITE("15.0 given: where a poll begins and what is never polled") {
    TEST_CASE("each branch gets its share of beginnings") {
        std::array<int, 5> begins{};
        for (int poll = 0; poll < 1000; ++poll) {
            std::size_t const start = next_start(begins.size());
            REQUIRE(start < begins.size());
            ++begins.at(start);
        }
        CHECK(std::ranges::min(begins) >= 150);
    }

    TEST_CASE("selects that take turns on a thread do not take the turns of each other") {
        for (int others = 1; others <= 4; ++others) {
            step("1000 polls of one select of two branches, with {} polls of other selects in between", others);
            std::array<int, 2> begins{};
            for (int poll = 0; poll < 1000; ++poll) {
                ++begins.at(next_start(begins.size()));
                for (int other = 0; other < others; ++other) {
                    (void)next_start(begins.size());
                }
            }
            CHECK_MESSAGE(std::ranges::min(begins) >= 200,
                          "the select begins nearly always with the same branch, because the others count on, too");
        }
    }

    TEST_CASE("a select of one branch begins with that branch") { CHECK(next_start(1) == 0); }

    TEST_CASE("a select that is never polled polls nothing and drops its branches") {
        Remote<int> kettle("the kettle");
        Remote<int> toaster("the toaster");
        { auto never = rt::select(kettle.future(), toaster.future()); }
        CHECK(kettle.polls() + toaster.polls() == 0);
        CHECK(kettle.drops() == 1);
        CHECK(toaster.drops() == 1);
    }

    TEST_CASE("a timeout that is never polled needs no runtime and drops its future") {
        Remote<int> kettle("the kettle");
        { auto never = rt::timeout(10s, kettle.future()); }
        CHECK(kettle.polls() == 0);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("Elapsed says what happened") {
        try {
            throw rt::Elapsed();
        } catch (const std::exception& error) {
            CHECK(error.what() == std::string_view("the time is up: the deadline came before the future was done"));
        }
    }
}
