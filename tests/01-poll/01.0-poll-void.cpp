#include <doctest/doctest.h>
#include <rt/poll.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <type_traits>

#include <fmt/format.h>

using namespace support;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

Poll<void> whistle(bool boils) {
    if (!boils) {
        return Pending;
    }
    return Ready();
}

}  // namespace

TEST_SUITE("01.0 given: Poll<void>") {
    TEST_CASE("Pending is not ready") {
        step("ask a cold kettle");
        Poll<void> const answer = whistle(false);
        CHECK(answer.is_pending());
        CHECK_FALSE(answer.is_ready());
    }

    TEST_CASE("Ready is ready") {
        step("ask a boiling kettle");
        Poll<void> const answer = whistle(true);
        CHECK(answer.is_ready());
        CHECK_FALSE(answer.is_pending());
    }

    TEST_CASE("value returns void so that code for any T can call it") {
        static_assert(std::is_void_v<decltype(whistle(true).value())>);
        static_assert(std::is_void_v<Poll<void>::Value>);
        step("call value on Ready()");
        whistle(true).value();
        CHECK(whistle(true).is_ready());
    }

    TEST_CASE("answers can be compared") {
        step("compare Pending and Ready()");
        CHECK(whistle(false) == Pending);
        CHECK(whistle(true) == Ready());
        CHECK(whistle(true) != Pending);
        CHECK(whistle(false) != Ready());
        CHECK(whistle(true) == Poll<void>(Ready()));
        CHECK(whistle(true) != Poll<void>(Pending));
    }

    TEST_CASE("an answer can be printed") {
        step("print Ready and Pending");
        CHECK(fmt::format("{}", whistle(true)) == "Ready");
        CHECK(fmt::format("{}", whistle(false)) == "Pending");
    }
}
