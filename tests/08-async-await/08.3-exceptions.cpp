/// \file
/// 08.3: an exception goes the way it would go through ordinary calls, whatever waited in between.
#include "local.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

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

Async<> throws_after_a_wait(Notes* notes) {
    Local first(notes, "first");
    Local second(notes, "second");
    co_await rt::yield_now();
    throw burst();
}

Async<int> lets_through(Remote<int>* leaf) { co_return co_await leaf->future(); }

Async<std::string> catches(Remote<int>* leaf, Notes* notes) {
    std::string result;
    try {
        Local local(notes, "in the try");
        int value = co_await leaf->future();
        result = "value " + std::to_string(value);
    } catch (const std::runtime_error& error) {
        notes->push_back("caught");
        result = error.what();
    }
    co_await rt::yield_now();  // life goes on
    co_return result;
}

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

Async<int> tries_again(Remote<int>* first, Remote<int>* second) {
    bool failed = false;
    int value = 0;
    try {
        value = co_await first->future();
    } catch (const std::runtime_error&) {
        failed = true;
    }
    if (failed) {
        value = co_await second->future();
    }
    co_return value;
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

}  // namespace

TEST_SUITE("08.3 exceptions through every depth") {
    TEST_CASE("what the body throws comes out of the poll") {
        auto task = spawn_mock("the coroutine", throws_at_once());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("also after a wait and when the locals are gone") {
        Notes notes;
        auto task = spawn_mock("the coroutine", throws_after_a_wait(&notes));
        CHECK(task.poll() == Pending);
        CHECK(notes.empty());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(notes == Notes{"~second", "~first"});
    }

    TEST_CASE("a leaf that throws at its first poll") {
        Remote<int> kettle("the kettle");
        kettle.fail(burst());
        auto task = spawn_mock("the coroutine", lets_through(&kettle));
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a leaf that throws at a later poll") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", lets_through(&kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(kettle.polls() == 2);
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("the body catches what a leaf throws at its first poll") {
        Remote<int> kettle("the kettle");
        Notes notes;
        kettle.fail(burst());
        auto task = spawn_mock("the coroutine", catches(&kettle, &notes));
        CHECK(task.poll() == Pending);
        CHECK(notes == Notes{"~in the try", "caught"});
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
        CHECK(kettle.polls() == 1);
    }

    TEST_CASE("the body catches what a leaf throws at a later poll") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the coroutine", catches(&kettle, &notes));
        CHECK(task.poll() == Pending);
        CHECK(notes.empty());
        kettle.fail(burst());
        CHECK_NOTHROW(CHECK(task.poll() == Pending));
        CHECK(notes == Notes{"~in the try", "caught"});
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("nothing is caught where nothing is thrown") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the coroutine", catches(&kettle, &notes));
        CHECK(task.poll() == Pending);
        kettle.finish(3);
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready(std::string("value 3")));
        CHECK(notes == Notes{"~in the try"});
    }

    TEST_CASE("through every level and each level's locals go on the way") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the outermost coroutine", level(2, &kettle, &notes));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
        CHECK(notes == Notes{"~level 0", "~level 1", "~level 2"});
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("caught three levels above") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the outermost coroutine", catches_from_below(&kettle, &notes));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
        CHECK(notes == Notes{"~level 0", "~level 1", "~level 2"});
    }

    TEST_CASE("through a thousand levels") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the outermost coroutine", deep(1000, &kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("one exception may be answered by another") {
        Remote<int> kettle("the kettle");
        auto task = spawn_mock("the coroutine", translates(&kettle));
        CHECK(task.poll() == Pending);
        kettle.fail(burst());
        CHECK_THROWS_WITH_AS((void)task.poll(), "no tea", std::logic_error);
    }

    TEST_CASE("after the catch the body may wait again") {
        Remote<int> first("the first kettle");
        Remote<int> second("the second kettle");
        auto task = spawn_mock("the coroutine", tries_again(&first, &second));
        CHECK(task.poll() == Pending);
        first.fail(burst());
        CHECK(task.poll() == Pending);
        CHECK(first.polls() == 2);
        second.finish(3);
        CHECK(task.poll() == Ready(3));
        CHECK(first.polls() == 2);
        CHECK(second.polls() == 2);
    }

    TEST_CASE("an exception while the result is made") {
        auto task = spawn_mock("the coroutine", fails_to_return());
        CHECK_THROWS_WITH_AS((void)task.poll(), "the kettle burst", std::runtime_error);
    }

    TEST_CASE("out of a join and caught") {
        Remote<int> first("the first kettle");
        Remote<int> second("the second kettle");
        auto task = spawn_mock("the coroutine", catches_from_a_join(&first, &second));
        CHECK(task.poll() == Pending);
        first.fail(burst());
        CHECK(task.poll() == Pending);
        second.finish(2);
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
    }

    TEST_CASE("out of block_on") {
        Notes notes;
        step("block_on a coroutine that throws");
        CHECK_THROWS_WITH_AS(rt::block_on(throws_after_a_wait(&notes)), "the kettle burst", std::runtime_error);
        CHECK(notes.size() == 2);
    }

    TEST_CASE("polled after it threw is caught") {
        auto task = spawn_mock("the coroutine", throws_at_once());
        CHECK_THROWS_AS((void)task.poll(), std::runtime_error);
        expect_violation("Async: polled after Ready", [&] { (void)task.poll(); });
    }
}
