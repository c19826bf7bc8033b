/// \file
/// 12.9: what the kernel may answer, and what a debug build refuses.
#include "source.hpp"

#include <doctest/doctest.h>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

using namespace support;
using rt::Pending, rt::Reactor;

TEST_SUITE("12.9 all together: answers and refusals") {
    TEST_CASE("an interrupted call is made again") {
        Ends pipe = make_pipe();
        Source source(std::move(pipe.here));
        put(pipe.there, "tea");
        step("the first read seems interrupted by a signal");
        source.answer_instead = -EINTR;
        source.after_read = [&] { put(pipe.there, "more tea"); };
        CHECK(spawn_mock("read", source.read()).poll().value() == "more tea");
        CHECK(source.calls == 2);
    }

    TEST_CASE("another answer is thrown") {
        Ends pipe = make_pipe();
        Source source(std::move(pipe.here));
        source.answer_instead = -EIO;
        auto task = spawn_mock("read", source.read());
        CHECK_THROWS_WITH_AS((void)task.poll(), "read: Input/output error", std::system_error);
    }

    TEST_CASE("two tasks that wait for the same thing are refused") {
        Reactor reactor;
        Ends pipe = make_pipe();
        Source source(std::move(pipe.here));
        source.source.register_with(reactor);
        auto read = [&] { return source.source.alone(rt::Direction::read, source.read()); };
        auto first = spawn_mock("first reader", read());
        CHECK(first.poll() == Pending);
        auto second = spawn_mock("second reader", read());
        expect_violation("two tasks wait to read, or two to write, on one descriptor", [&] { (void)second.poll(); });
        step("a writer is in nobody's way, and neither is a reader that comes after the first");
        auto writer = spawn_mock("writer", source.source.alone(rt::Direction::write, rt::pending()));
        CHECK(writer.poll() == Pending);
        CHECK(first.poll() == Pending);
        first.drop();
        auto third = spawn_mock("third reader", read());
        CHECK(third.poll() == Pending);
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK(third.poll().value() == "tea");
        auto fourth = spawn_mock("fourth reader", read());
        CHECK(fourth.poll() == Pending);
    }

    TEST_CASE("waiting outside of a runtime is one sentence") {
        Ends pipe = make_pipe();
        Source source(std::move(pipe.here));
        expect_violation(
            "IoSource: was used without a runtime", [&] { rt::block_on(source.read()); }, Noticed::in_every_build);
    }
}
