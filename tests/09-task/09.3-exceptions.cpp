// What becomes of the exception that a task ends with: its handle throws it, or it is printed.
#include "queue.hpp"
#include "start.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <functional>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>

using namespace support;

namespace {

/// What `body` prints on stderr in a child process.
std::string printed_by(const std::function<void()>& body) { return run_in_a_child(body).printed; }

/// What is wrong if `text` was printed instead of an exception.
std::string must_be_printed(const std::string& text) {
    return "an exception that nobody can ask for any more must be printed, but this was printed: \"" + text +
           "\". Call `discard_outcome`.";
}

}  // namespace

TEST_SUITE("09.3 the JoinHandle") {
    TEST_CASE("an exception is delivered by the handle") {
        Queue queue;
        Remote<int> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        kettle.fail(std::runtime_error("the kettle leaks"));
        CHECK(queue.run_one());
        auto take_it = [&] { CHECK_THROWS_WITH_AS((void)handle.poll(), "the kettle leaks", std::runtime_error); };
        step("take the exception, and drop the handle, in a child process: nothing is printed");
        std::string const text = printed_by([&] {
            take_it();
            handle.drop();
        });
        CHECK(text == "");
        take_it();
    }

    TEST_CASE("an exception that nobody awaits is printed with the place of its task") {
        auto const where = std::source_location::current();
        std::string const task = rt::checks_enabled ? name_of_task(where) : "a task";
        bool handle_goes_first = false;
        SUBCASE("the handle went before") { handle_goes_first = true; }
        SUBCASE("the handle goes afterwards") {}
        std::string const text = printed_by([&] {
            Queue queue;
            auto leak = [](rt::Context&) -> rt::Poll<int> { throw std::runtime_error("the kettle leaks"); };
            std::optional<rt::JoinHandle<int>> handle = start(queue, rt::poll_fn(leak), rt::Owned::no, where);
            if (handle_goes_first) {
                handle.reset();
            }
            queue.run_one();
            handle.reset();
        });
        bool const is_printed =
            text == "rt: " + task + " ended with an exception that nobody awaited: the kettle leaks\n";
        CHECK_MESSAGE(is_printed, must_be_printed(text));
    }

    TEST_CASE("the same exception of the same place is printed once") {
        std::string const text = printed_by([] {
            Queue queue;
            for (int i = 0; i < 3; ++i) {
                start(queue, rt::poll_fn([](rt::Context&) -> rt::Poll<void> { throw std::runtime_error("reset"); }))
                    .detach();
                queue.run_one();
            }
        });
        bool const is_printed_once = text.find("reset") != text.npos && text.find("reset") == text.rfind("reset");
        CHECK_MESSAGE(is_printed_once, must_be_printed(text));
    }

    TEST_CASE("what is thrown and is no std::exception is printed too") {
        std::string const text = printed_by([] {
            Queue queue;
            start(queue, rt::poll_fn([](rt::Context&) -> rt::Poll<void> { throw 3; })).detach();
            queue.run_one();
        });
        bool const is_printed = text.ends_with(" ended with an exception that nobody awaited\n");
        CHECK_MESSAGE(is_printed, must_be_printed(text));
    }

    TEST_CASE("a Cancelled that a detached task passes on is not printed") {
        std::string const text = printed_by([] {
            Queue queue;
            start(queue, rt::poll_fn([](rt::Context&) -> rt::Poll<void> { throw rt::Cancelled(); })).detach();
            queue.run_one();
        });
        CHECK(text == "");
    }

    TEST_CASE("a handle gives an exception once") {
        expect_violation(
            "a JoinHandle was used after it gave its outcome",
            [] {
                Queue queue;
                auto handle = start(queue, rt::poll_fn([](rt::Context&) -> rt::Poll<int> { throw 3; }));
                queue.run_one();
                for (int times = 0; times < 2; ++times) {
                    try {
                        (void)handle.take_result();
                    } catch (int) {
                        step("the exception");
                    }
                }
            },
            Noticed::in_every_build);
    }
}
