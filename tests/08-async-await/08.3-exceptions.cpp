/// \file
/// 08.3: an exception takes the way that it would take through ordinary calls, across all waits.
#include "local.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <exception>
#include <stdexcept>
#include <string>

using namespace support;
using rt::Async, rt::Pending, rt::Ready;

namespace {

std::runtime_error burst() { return std::runtime_error("the kettle burst"); }

Async<int> throws_at_once() {
    throw burst();
    co_return 3;
}

/// The token counts how long the exception lives.
Async<int> throws_a_token(DropCounter drops) {
    throw drops.token();
    co_return 3;
}

Async<> throws_after_a_wait(Notes* notes) {
    Local first(notes, "first");
    Local second(notes, "second");
    co_await rt::yield_now();
    throw burst();
}

Async<int> lets_through(Remote<int>* leaf) { co_return co_await leaf->future(); }

Async<int> level(int depth, Remote<int>* leaf, Notes* notes) {
    Local local(notes, "level " + std::to_string(depth));
    if (depth == 0) {
        co_return co_await leaf->future();
    }
    co_return 1 + co_await level(depth - 1, leaf, notes);
}

Async<int> deep(int depth, Remote<int>* leaf) {
    if (depth == 0) {
        co_return co_await leaf->future();
    }
    co_return 1 + co_await deep(depth - 1, leaf);
}

Async<std::string> catches_from_below(Remote<int>* leaf, Notes* notes) {
    std::string result = "nothing";
    try {
        (void)co_await level(2, leaf, notes);
    } catch (const std::runtime_error& error) {
        result = error.what();
    }
    co_return result;
}

Async<int> translates(Remote<int>* leaf) {
    try {
        co_return co_await leaf->future();
    } catch (const std::runtime_error&) {
        throw std::logic_error("no tea");
    }
}

/// A result that cannot be made.
class Unmakeable {
  public:
    Unmakeable(int) { throw burst(); }
};

Async<Unmakeable> fails_to_return() { co_return 3; }

Async<std::string> catches_from_a_join(Remote<int>* first, Remote<int>* second) {
    std::string result = "nothing";
    try {
        (void)co_await rt::join(lets_through(first), lets_through(second));
    } catch (const std::runtime_error& error) {
        result = error.what();
    }
    co_return result;
}

/// What a poll throws: the text of a runtime_error, or the kind of anything else.
template <class Task>
std::string thrown_by_a_poll_of(Task& task) {
    std::string thrown = "nothing";
    try {
        (void)task.poll();
    } catch (const std::runtime_error& error) {
        thrown = error.what();
    } catch (const std::exception_ptr&) {
        thrown = "a std::exception_ptr";
    } catch (...) {
        thrown = "something else";
    }
    return thrown;
}

}  // namespace

TEST_SUITE("08.3 exceptions through every depth") {
    TEST_CASE("a body without a value that throws is not Ready") {
        auto throws = []() -> Async<> {
            throw burst();
            co_return;
        };
        auto task = spawn_mock("the coroutine", throws());
        std::string const thrown = thrown_by_a_poll_of(task);
        REQUIRE_MESSAGE(thrown != "nothing",
                        "the exception that left the body is lost. Keep it in `exception_`, and let `run` throw it.");
        REQUIRE_MESSAGE(thrown != "a std::exception_ptr",
                        "the poll threw the std::exception_ptr, and not the exception that it points to. Keep "
                        "std::current_exception() as it is, and throw with std::rethrow_exception.");
        CHECK_MESSAGE(thrown == "the kettle burst",
                      "the exception lost its type or its text on its way. Keep std::current_exception() as it is.");
    }

    TEST_CASE("an exception of any type comes out of the poll") {
        auto throws = []() -> Async<> {
            throw 42;
            co_return;
        };
        auto task = spawn_mock("the coroutine", throws());
        CHECK_MESSAGE(
            thrown_by_a_poll_of(task) == "something else",
            "an exception that isn't a std::exception is lost. Keep std::current_exception(), whatever it is.");
    }

    TEST_CASE("an exception of the body comes out of the poll") {
        auto task = spawn_mock("the coroutine", throws_at_once());
        CHECK_MESSAGE(thrown_by_a_poll_of(task) == "the kettle burst",
                      "the poll has to throw the very exception that left the body.");
    }

    TEST_CASE("an exception after a wait destroys the locals and comes out of the poll") {
        Notes notes;
        auto task = spawn_mock("the coroutine", throws_after_a_wait(&notes));
        CHECK(task.poll() == Pending);
        CHECK(notes.empty());
        CHECK_MESSAGE(thrown_by_a_poll_of(task) == "the kettle burst",
                      "the body ended with an exception, but the poll did not throw it. Throw it in `run`.");
        CHECK(notes == Notes{"~second", "~first"});
    }

    TEST_CASE("the promise does not keep an exception that was thrown") {
        DropCounter drops;
        auto task = spawn_mock("the coroutine", throws_a_token(drops));
        CHECK_THROWS_AS((void)task.poll(), DropCounter::Token);
        CHECK_MESSAGE(
            drops.alive() == 0,
            "the exception was caught and forgotten, but it still exists. The promise has to move it out when "
            "it throws it, because the exception may hold something that others need.");
    }

    TEST_CASE("a future that throws at its first poll") {
        Remote<int> kettle("the kettle");
        kettle.fail(burst());
        auto task = spawn_mock("the coroutine", lets_through(&kettle));
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a future that throws at a later poll") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", lets_through(&kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(kettle.polls() == 2);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("an exception passes through a coroutine without a value") {
        Remote<void> kettle("the kettle");
        auto lets_through = [](Remote<void>* leaf) -> Async<> { co_await leaf->future(); };
        auto task = spawn_mock("the coroutine", lets_through(&kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("an exception passes each level and destroys its locals") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the outermost coroutine", level(2, &kettle, &notes));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(notes == Notes{"~level 0", "~level 1", "~level 2"});
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("an exception is caught three levels above") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the outermost coroutine", catches_from_below(&kettle, &notes));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
        CHECK(notes == Notes{"~level 0", "~level 1", "~level 2"});
    }

    TEST_CASE("an exception passes a thousand levels") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the outermost coroutine", deep(1000, &kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("a handler may throw another exception") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", translates(&kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "no tea", std::logic_error);
    }

    TEST_CASE("an exception of the conversion to the result") {
        auto task = spawn_mock("the coroutine", fails_to_return());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("an exception comes out of a join and is caught") {
        Remote<int> first("the first kettle");
        Remote<int> second("the second kettle");
        auto task = spawn_mock("the coroutine", catches_from_a_join(&first, &second));
        CHECK(task.poll() == Pending);
        first.fail(burst());
        CHECK(task.poll() == Pending);
        second.finish(2);
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
    }

    TEST_CASE("an exception comes out of block_on") {
        Notes notes;
        step("block_on a coroutine that throws");
        CHECK_THROWS_WITH_AS(rt::block_on(throws_after_a_wait(&notes)), "the kettle burst", std::runtime_error);
        CHECK(notes.size() == 2);
    }

    TEST_CASE("a poll after an exception is reported") {
        auto task = spawn_mock("the coroutine", throws_at_once());
        CHECK_THROWS_AS((void)task.poll(), std::runtime_error);
        expect_violation("Async: polled after Ready", [&] { (void)task.poll(); });
    }
}
