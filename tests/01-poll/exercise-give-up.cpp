/// An exercise without a starter: write something that can be polled from nothing, and make it with `exercise::give_up_after`.
///
/// `exercise::give_up_after(limit, pollable)` returns an object with a function `poll()`. `pollable` is any object that has a
/// function `poll()` too, like the kettle of `main.cpp`, and `limit` is at least 1. Each poll of the returned object polls
/// `pollable` once:
///  - If that is Ready with a value, the answer is Ready with a `std::optional` that holds the value.
///  - If it is Pending for the `limit`th time, the answer is Ready with an empty `std::optional`.
///  - Otherwise the answer is Pending.
///
/// Write it into mine/01-poll/exercise.hpp. The file needs `#pragma once`, `#include <rt/poll.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/poll.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

/// Is Pending for `pendings` polls, and then Ready with 100. Counts its polls.
class Kettle {
  public:
    Kettle(int pendings, int* polls) : pendings_(pendings), polls_(polls) {}

    Poll<int> poll() {
        ++*polls_;
        if (pendings_-- > 0) {
            return Pending;
        }
        return Ready(100);
    }

  private:
    int pendings_;
    int* polls_;
};

/// Is Ready with a value that cannot be copied.
struct Teapot {
    Poll<std::unique_ptr<int>> poll() { return Ready(std::make_unique<int>(80)); }
};

/// Is Ready with an empty optional: a value that means "there is none".
struct EmptyCup {
    Poll<std::optional<int>> poll() { return Ready(std::nullopt); }
};

}  // namespace

TEST_SUITE("01 exercise give up after some polls") {
    TEST_CASE("a value that comes in time is Ready in an optional") {
        int polls = 0;
        auto kettle = exercise::give_up_after(3, Kettle(2, &polls));
        static_assert(std::same_as<decltype(kettle.poll()), Poll<std::optional<int>>>,
                      "the answer for a Poll<int> is a Poll<std::optional<int>>");
        step("poll a kettle that boils at the third poll, with a limit of 3");
        CHECK(kettle.poll() == Pending);
        CHECK(kettle.poll() == Pending);
        CHECK(kettle.poll() == Ready(std::optional(100)));
        CHECK(polls == 3);
    }

    TEST_CASE("the last Pending is answered with an empty optional") {
        int polls = 0;
        auto kettle = exercise::give_up_after(2, Kettle(5, &polls));
        step("poll a kettle that boils at the sixth poll, with a limit of 2");
        CHECK(kettle.poll() == Pending);
        Poll<std::optional<int>> const answer = kettle.poll();
        REQUIRE_MESSAGE(answer.is_ready(),
                        "the second Pending was passed on. Giving up is an answer, so return Ready.");
        CHECK_FALSE(answer.value().has_value());
        CHECK_MESSAGE(polls == 2, "each poll polls the kettle once");
    }

    TEST_CASE("nothing is polled before the first poll") {
        int polls = 0;
        step("make it, and don't poll it");
        auto kettle = exercise::give_up_after(1, Kettle(0, &polls));
        CHECK(polls == 0);
        step("poll it");
        CHECK(kettle.poll() == Ready(std::optional(100)));
        CHECK(polls == 1);
    }

    TEST_CASE("a value that cannot be copied is moved") {
        auto teapot = exercise::give_up_after(1, Teapot());
        step("poll a pot whose value is a unique_ptr");
        auto answer = teapot.poll();
        REQUIRE(answer.is_ready());
        std::optional<std::unique_ptr<int>> const tea = std::move(answer).value();
        REQUIRE(tea.has_value());
        CHECK(**tea == 80);
    }

    TEST_CASE("a value that is an empty optional is a value") {
        auto cup = exercise::give_up_after(1, EmptyCup());
        step("poll a cup whose value is an empty optional");
        auto answer = cup.poll();
        REQUIRE(answer.is_ready());
        CHECK_MESSAGE(answer.value().has_value(), "the cup answered in time, and its answer is an empty optional");
    }
}
