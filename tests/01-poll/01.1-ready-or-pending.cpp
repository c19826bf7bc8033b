#include <doctest/doctest.h>
#include <rt/poll.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

using namespace support;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

Poll<int> boil(int degrees) {
    if (degrees < 100) {
        return Pending;
    }
    return Ready(degrees);
}

}  // namespace

TEST_SUITE("01.1 Ready or Pending") {
    TEST_CASE("Pending is not ready") {
        step("ask a kettle of 20 degrees");
        Poll<int> const answer = boil(20);
        CHECK(answer.is_pending());
        CHECK_FALSE(answer.is_ready());
    }

    TEST_CASE("Ready has a value") {
        step("ask a kettle of 100 degrees");
        Poll<int> const answer = boil(100);
        CHECK(answer.is_ready());
        CHECK_FALSE(answer.is_pending());
        CHECK(answer.value() == 100);
    }

    TEST_CASE("a value of zero is a value") {
        step("make Ready(0)");
        Poll<int> const answer = Ready(0);
        CHECK(answer.is_ready());
        CHECK(answer.value() == 0);
    }

    TEST_CASE("taking the value of Pending throws") {
        step("take the value of Pending");
        Poll<int> answer = Pending;
        CHECK_THROWS_AS((void)answer.value(), std::bad_optional_access);
        CHECK(answer.is_pending());
    }

    TEST_CASE("the value can be changed in place") {
        step("make Ready(1), and assign 2 to its value");
        Poll<int> answer = Ready(1);
        answer.value() = 2;
        CHECK(answer.value() == 2);
    }

    TEST_CASE("Ready accepts anything that converts to the value") {
        step("make a Poll<std::string> from Ready(\"tea\")");
        Poll<std::string> const answer = Ready("tea");
        CHECK(answer.value() == "tea");
        static_assert(std::is_convertible_v<Ready<int>, Poll<long>>);
        static_assert(!std::is_constructible_v<Poll<int>, Ready<std::string>>);
        static_assert(!std::is_convertible_v<int, Poll<int>>, "a bare value is not an answer: write Ready(value)");
    }

    TEST_CASE("a value that cannot be copied can be moved in and out") {
        step("put a unique_ptr into Ready, and take it out again");
        Poll<std::unique_ptr<int>> answer = Ready(std::make_unique<int>(3));
        std::unique_ptr<int> const taken = std::move(answer).value();
        REQUIRE(taken != nullptr);
        CHECK(*taken == 3);
    }

    TEST_CASE("an empty optional is a value too") {
        step("put std::nullopt into Ready");
        Poll<std::optional<int>> const answer = Ready(std::nullopt);
        if (answer.is_pending()) {
            FAIL_CHECK(
                "value_ is empty, because an empty optional was assigned to it. Build the value in place, with emplace.");
        }
    }

    TEST_CASE("answers can be compared") {
        step("compare Pending and Ready(3)");
        CHECK(Poll<int>(Pending) == Pending);
        CHECK(Poll<int>(Ready(3)) == Ready(3));
        CHECK(Poll<int>(Ready(3)) != Pending);
        CHECK(Poll<int>(Pending) != Ready(3));
        CHECK(Poll<int>(Ready(3)) != Ready(4));
        CHECK(Poll<int>(Ready(3)) == Poll<int>(Ready(3)));
        CHECK(Poll<int>(Ready(3)) != Poll<int>(Pending));
    }

    TEST_CASE("an answer can be printed") {
        step("print Ready and Pending");
        CHECK(fmt::format("{}", Poll<int>(Ready(3))) == "Ready(3)");
        CHECK(fmt::format("{}", Poll<std::string>(Ready("tea"))) == "Ready(tea)");
        CHECK(fmt::format("{}", Poll<int>(Pending)) == "Pending");
        CHECK(fmt::format("{}", Poll<std::unique_ptr<int>>(Ready(nullptr))) == "Ready(…)");
    }
}
