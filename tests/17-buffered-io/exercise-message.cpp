/// An exercise without a starter: read messages that have both lines and bytes, as HTTP has.
///
/// A message begins with its header, which is a number of lines "name: value", and an empty line ends the header. The header
/// `length` says how many bytes follow, and these are the body. Without a `length` the body is empty. Write
///
///     template <class R>
///     rt::Async<std::optional<std::string>> exercise::read_body(rt::BufReader<R>* reader)
///
///  - It reads one message, and yields its body. The bytes behind it belong to the next message.
///  - It yields nothing if the stream ends before a message begins.
///  - It throws a std::runtime_error if the stream ends within a message.
///  - It throws a std::runtime_error if a `length` is no number or above 1000, and reads no byte of that body.
///
/// Other headers may have any name and value. The body may hold any bytes, '\n' too, and may come in many pieces.
///
/// Write it into mine/17-buffered-io/exercise.hpp. The file needs `#pragma once`, `#include <rt/buf_reader.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <support/mock_stream.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

using Body = std::optional<std::string>;

struct Messages {
    MockPeer peer;
    rt::BufReader<MockStream> reader{peer.stream()};

    auto read() { return spawn_mock("read_body", exercise::read_body(&reader)); }
};

}  // namespace

TEST_SUITE("17 exercise messages") {
    TEST_CASE_FIXTURE(Messages, "a body of so many bytes") {
        peer.send("to: Ann\nlength: 5\n\nhello");
        auto body = read();
        CHECK(body.poll() == Ready(Body("hello")));
    }

    TEST_CASE_FIXTURE(Messages, "one message after the other") {
        peer.send("length: 3\r\n\r\nonelength: 4\r\n\r\nfour\n");
        for (const char* expected : {"one", "four"}) {
            auto body = read();
            bool const is_right = body.poll() == Ready(Body(expected));
            CHECK_MESSAGE(
                is_right,
                "this is not the body. The reader has read ahead, so take the body from the reader, and no more "
                "than `length` bytes.");
        }
        CHECK(reader.buffered() == "\n");
    }

    TEST_CASE_FIXTURE(Messages, "a body in pieces") {
        peer.send("length: 10\n\n");
        auto body = read();
        CHECK(body.poll() == Pending);
        for (const char* piece : {"two\n", "li"}) {
            peer.send(piece);
            bool const waits = body.poll() == Pending;
            CHECK_MESSAGE(waits, "only a part of the body has come. A read yields what is there, so read again.");
        }
        peer.send("nes\nand the next message");
        CHECK(body.poll() == Ready(Body("two\nlines\n")));
    }

    TEST_CASE_FIXTURE(Messages, "a message without a length has no body") {
        peer.send("to: Ann\n\nto: Bob\n\n");
        for (int n = 0; n < 2; ++n) {
            auto body = read();
            CHECK(body.poll() == Ready(Body("")));
        }
    }

    TEST_CASE_FIXTURE(Messages, "the end of the stream between two messages") {
        peer.send("length: 1\n\nx");
        peer.end();
        auto body = read();
        CHECK(body.poll() == Ready(Body("x")));
        auto end = read();
        CHECK(end.poll() == Ready(Body()));
    }

    TEST_CASE("the end of the stream within a message") {
        for (const char* message : {"to: Ann\n", "to: Ann\nlength: 5\n", "length: 5\n\nhell"}) {
            Messages messages;
            messages.peer.send(message);
            messages.peer.end();
            auto body = messages.read();
            CHECK_THROWS_AS(std::ignore = body.poll(), std::runtime_error);
        }
    }

    TEST_CASE("a length that is refused") {
        for (const char* length : {"1001", "99999999999999999999", "-1", "five", "5 bytes", ""}) {
            step("the length is '{}'", length);
            Messages messages;
            messages.peer.send(fmt::format("length: {}\n\nhello", length));
            auto body = messages.read();
            CHECK_THROWS_AS(std::ignore = body.poll(), std::runtime_error);
            CHECK(messages.reader.buffered().ends_with("hello"));
        }
    }

    TEST_CASE_FIXTURE(Messages, "a body of just the limit") {
        peer.send("length: 1000\n\n" + std::string(1000, 'x'));
        auto body = read();
        bool const is_right = body.poll() == Ready(Body(std::string(1000, 'x')));
        CHECK(is_right);
    }
}
