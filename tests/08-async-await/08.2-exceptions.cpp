/// \file
/// 08.2: a future that throws. Its exception comes out of the `co_await`, where the body can catch it.
#include "local.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>

#include <stdexcept>
#include <string>

using namespace support;
using rt::Async, rt::Pending, rt::Ready;

namespace {

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

Async<bool> catches_from_a_future_without_a_value(Remote<void>* leaf) {
    bool has_caught = false;
    try {
        co_await leaf->future();
    } catch (const std::runtime_error&) {
        has_caught = true;
    }
    co_return has_caught;
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

}  // namespace

TEST_SUITE("08.2 exceptions that the body catches") {
    TEST_CASE("the body catches what a future throws at its first poll") {
        Remote<int> kettle("the kettle");
        Notes notes;
        kettle.fail(std::runtime_error("the kettle burst"));
        auto task = spawn_mock("the coroutine", catches(&kettle, &notes));
        CHECK(task.poll() == Pending);
        CHECK(notes == Notes{"~in the try", "caught"});
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
        CHECK(kettle.polls() == 1);
    }

    TEST_CASE("the body catches what a future throws at a later poll") {
        Remote<int> kettle("the kettle");
        Notes notes;
        auto task = spawn_mock("the coroutine", catches(&kettle, &notes));
        CHECK(task.poll() == Pending);
        CHECK(notes.empty());
        kettle.fail(std::runtime_error("the kettle burst"));
        CHECK_NOTHROW(CHECK(task.poll() == Pending));
        CHECK(notes == Notes{"~in the try", "caught"});
        CHECK(task.poll() == Ready(std::string("the kettle burst")));
        CHECK(kettle.polls() == 2);
    }

    TEST_CASE("the body catches what a future without a value throws") {
        Remote<void> kettle("the kettle");
        kettle.fail(std::runtime_error("the kettle burst"));
        auto task = spawn_mock("the coroutine", catches_from_a_future_without_a_value(&kettle));
        CHECK_MESSAGE(task.poll() == Ready(true),
                      "the exception of a future without a value is lost. Take its outcome, too.");
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

    TEST_CASE("after the catch the body may wait again") {
        Remote<int> first("the first kettle");
        Remote<int> second("the second kettle");
        auto task = spawn_mock("the coroutine", tries_again(&first, &second));
        CHECK(task.poll() == Pending);
        first.fail(std::runtime_error("the kettle burst"));
        CHECK(task.poll() == Pending);
        CHECK(first.polls() == 2);
        second.finish(3);
        CHECK(task.poll() == Ready(3));
        CHECK(first.polls() == 2);
        CHECK(second.polls() == 2);
    }
}
