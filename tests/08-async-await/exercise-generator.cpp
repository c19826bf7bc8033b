/// An exercise without a starter: write a coroutine type from nothing, and call it `exercise::Generator<T>`.
///
///     exercise::Generator<int> count(int from) {
///         for (;;) {
///             co_yield from++;
///         }
///     }
///
/// A generator isn't a future, because it never waits. `next()` runs its body and returns a `std::optional<T>`:
///  - Nothing of the body runs before the first `next()`.
///  - Each `next()` runs the body to its next `co_yield`, and returns that value. The value is moved.
///  - When the body has ended, `next()` returns std::nullopt, each time.
///  - An exception of the body leaves `next()`. The body has ended then.
///  - A Generator owns its frame. It can be moved, also by assignment, but not copied.
///
/// The compiler calls `promise.yield_value(value)` for `co_yield value`, and awaits what that returns. It finds the class of
/// the promise by the name `promise_type` inside of `Generator<T>`. Declare `final_suspend` as `noexcept`. Let
/// `unhandled_exception` keep the exception, because optimized code of clang 19 destroys the locals twice if it throws.
///
/// Write it into mine/08-async-await/exercise.hpp. The file needs `#pragma once`, `#include <coroutine>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include "local.hpp"

#include <doctest/doctest.h>
#include <exercise.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

using namespace support;
using exercise::Generator;

static_assert(!std::is_copy_constructible_v<Generator<int>>, "a Generator owns its frame, so it can't be copied");
static_assert(
    requires(Generator<int>::promise_type& promise) { promise.return_void(); },
    "a body may end without co_return, so the promise needs a return_void()");

namespace {

Generator<int> count(int from) {
    for (;;) {
        co_yield from++;
    }
}

Generator<std::string> tells(Notes* notes) {
    Local local(notes, "local");
    notes->push_back("begin");
    co_yield "one";
    notes->push_back("between");
    co_yield "two";
    notes->push_back("end");
}

Generator<std::unique_ptr<int>> boxes() { co_yield std::make_unique<int>(3); }

Generator<int> fails_after(int values) {
    for (int n = 1; n <= values; ++n) {
        co_yield n;
    }
    throw std::runtime_error("no more cups");
}

Generator<int> holds(DropCounter::Token, int n) { co_yield n; }

}  // namespace

TEST_SUITE("08 exercise a generator") {
    TEST_CASE("each next runs the body to its next co_yield") {
        Notes notes;
        Generator<std::string> generator = tells(&notes);
        REQUIRE_MESSAGE(notes.empty(),
                        "the body ran when the coroutine was called. It has to wait for the first next().");
        CHECK(generator.next() == "one");
        CHECK(notes == Notes{"begin"});
        CHECK(generator.next() == "two");
        CHECK(notes == Notes{"begin", "between"});
    }

    TEST_CASE("after the end there is no value") {
        Notes notes;
        Generator<std::string> generator = tells(&notes);
        (void)generator.next();
        (void)generator.next();
        CHECK_MESSAGE(generator.next() == std::nullopt, "the body has ended, so there is no value anymore");
        CHECK(notes == Notes{"begin", "between", "end", "~local"});
        step("ask once more");
        CHECK(generator.next() == std::nullopt);
    }

    TEST_CASE("a generator without an end is asked as often as needed") {
        Generator<int> numbers = count(5);
        Generator<int> others = count(100);
        for (int n = 0; n < 10; ++n) {
            CHECK(numbers.next() == 5 + n);
            CHECK(others.next() == 100 + n);
        }
    }

    TEST_CASE("to destroy a generator destroys the locals of its body") {
        Notes notes;
        {
            Generator<std::string> generator = tells(&notes);
            (void)generator.next();
        }
        CHECK_MESSAGE(notes.back() == "~local",
                      "the generator is gone, but its frame is still there. Destroy the frame in the destructor.");
        CHECK(notes.size() == 2);
    }

    TEST_CASE("a generator that is never asked destroys its parameters") {
        DropCounter drops;
        { Generator<int> generator = holds(drops.token(), 1); }
        CHECK(drops.alive() == 0);
        CHECK(drops.copies() == 0);
    }

    TEST_CASE("a value that cannot be copied is moved") {
        Generator<std::unique_ptr<int>> generator = boxes();
        auto box = generator.next();
        REQUIRE(box.has_value());
        CHECK(**box == 3);
        CHECK_FALSE(generator.next().has_value());
    }

    TEST_CASE("an exception leaves next") {
        Generator<int> generator = fails_after(1);
        CHECK(generator.next() == 1);
        CHECK_THROWS_WITH_AS((void)generator.next(), "no more cups", std::runtime_error);
        step("ask once more");
        CHECK(generator.next() == std::nullopt);
    }

    TEST_CASE("a move gives the frame away") {
        DropCounter drops;
        {
            Generator<int> first = holds(drops.token(), 1);
            Generator<int> second = std::move(first);
            CHECK(second.next() == 1);
            step("assign another generator to it");
            second = holds(drops.token(), 2);
            CHECK(second.next() == 2);
            step("assign it to itself");
            Generator<int>& itself = second;
            second = std::move(itself);
            REQUIRE_MESSAGE(
                drops.alive() == 1,
                "a Generator that was assigned to itself destroyed its only frame. Look whether `other` is this object.");
        }
        CHECK(drops.alive() == 0);
        CHECK(drops.drops() == 2);
    }
}
