#include <doctest/doctest.h>
#include <rt/poll.hpp>
#include <support/drop_counter.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

using namespace support;
using rt::Pending;
using rt::Poll;
using rt::Ready;

TEST_SUITE("01.2 map") {
    TEST_CASE("map changes the value of Ready") {
        step("map Ready(3) with a function that doubles");
        int calls = 0;
        Poll<int> const doubled = Poll<int>(Ready(3)).map([&](int n) {
            ++calls;
            return 2 * n;
        });
        CHECK(doubled == Ready(6));
        CHECK(calls == 1);
    }

    TEST_CASE("map leaves Pending alone and does not call the function") {
        step("map Pending");
        int calls = 0;
        Poll<int> const mapped = Poll<int>(Pending).map([&](int n) {
            ++calls;
            return n;
        });
        CHECK(mapped == Pending);
        CHECK(calls == 0);

        step("map Pending with a function that returns nothing");
        Poll<void> const told = Poll<int>(Pending).map([&](int) { ++calls; });
        CHECK(told == Pending);
        CHECK(calls == 0);

        step("map a Pending Poll<void>, to a value and to nothing");
        Poll<int> const something = Poll<void>(Pending).map([&] { return ++calls; });
        Poll<void> const nothing = Poll<void>(Pending).map([&] { ++calls; });
        CHECK(something == Pending);
        CHECK(nothing == Pending);
        CHECK(calls == 0);
    }

    TEST_CASE("map can change the type") {
        step("map Ready(3) to text");
        auto mapped = Poll<int>(Ready(3)).map([](int n) { return fmt::format("{} cups", n); });
        static_assert(std::is_same_v<decltype(mapped), Poll<std::string>>);
        CHECK(mapped == Ready("3 cups"));
    }

    TEST_CASE("map moves the value into the function") {
        step("map a unique_ptr");
        Poll<std::unique_ptr<int>> kettle = Ready(std::make_unique<int>(100));
        auto mapped = std::move(kettle).map([](std::unique_ptr<int> degrees) { return *degrees; });
        CHECK(mapped == Ready(100));
    }

    TEST_CASE("map to nothing and from nothing") {
        int calls = 0;
        step("map Ready(3) with a function that returns void");
        auto to_nothing = Poll<int>(Ready(3)).map([&](int) { ++calls; });
        static_assert(std::is_same_v<decltype(to_nothing), Poll<void>>);
        CHECK(to_nothing == Ready());

        step("map Ready() with a function that returns 7");
        auto seven = [&calls] {
            ++calls;
            return 7;
        };
        CHECK(Poll<void>(Ready()).map(seven) == Ready(7));

        step("map Ready() to void, and Pending twice");
        CHECK(Poll<void>(Ready()).map([&] { ++calls; }) == Ready());
        CHECK(Poll<void>(Pending).map([&] { ++calls; }) == Pending);
        CHECK(Poll<void>(Pending).map([&] { return ++calls; }) == Pending);
        CHECK(calls == 3);
    }

    TEST_CASE("map does not copy what its function returned") {
        DropCounter counter;
        step("map Ready(3) to a value, and Ready() to another one");
        CHECK(Poll<int>(Ready(3)).map([&](int) { return counter.token(); }).is_ready());
        CHECK(Poll<void>(Ready()).map([&] { return counter.token(); }).is_ready());
        CHECK_MESSAGE(
            counter.copies() == 0,
            "map copied what the function returned, and not every type can be copied. Pass it on directly, or move it.");
    }
}
