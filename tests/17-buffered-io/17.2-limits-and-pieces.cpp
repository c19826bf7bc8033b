#include <doctest/doctest.h>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <support/counted_new.hpp>
#include <support/mock_stream.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

using namespace support;
using rt::BufReader;
using rt::Pending;
using rt::Ready;

namespace {

using Line = std::optional<std::string>;

struct Unlimited {
    MockPeer peer;
    BufReader<MockStream> reader{peer.stream()};
};

/// Its lines may have five bytes.
struct FiveBytes {
    MockPeer peer;
    BufReader<MockStream> reader{peer.stream(), 5};
};

/// Polls once; the exception must be EMSGSIZE with this sentence in it.
template <class Task>
void expect_too_long(Task& task, const char* sentence) {
    try {
        auto poll = task.poll();
        FAIL_CHECK("no exception, but " << doctest::toString(poll));
    } catch (const std::system_error& error) {
        CHECK(error.code().value() == EMSGSIZE);
        CHECK(std::string(error.what()).find(sentence) != std::string::npos);
    }
}

}  // namespace

TEST_SUITE("17.2 limits and pieces") {
    TEST_CASE_FIXTURE(FiveBytes, "a line of just the limit passes") {
        peer.send("hello\nworld\r\nhello");
        peer.end();
        for (const char* expected : {"hello", "world", "hello"}) {
            auto line = spawn_mock("read_line", reader.read_line());
            CHECK(line.poll() == Ready(Line(expected)));
        }
    }

    TEST_CASE_FIXTURE(FiveBytes, "a line of one byte more is an error and the next line is not lost") {
        peer.send("hello!\nnext\n");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "read_line: the line is longer than 5 bytes");
        auto next = spawn_mock("the next read_line", reader.read_line());
        CHECK(next.poll() == Ready(Line("next")));
        CHECK(peer.reads() == 1);
    }

    TEST_CASE_FIXTURE(FiveBytes, "a line without end is refused as soon as it is too long") {
        peer.send("hello");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Pending);
        step("a carriage return may yet belong to the line's end");
        peer.send("\r");
        CHECK(line.poll() == Pending);
        peer.send("x");
        expect_too_long(line, "the line is longer than 5 bytes");
        CHECK(reader.buffered().empty());

        step("the rest of it is skipped when it comes, in however many pieces");
        auto next = spawn_mock("the next read_line", reader.read_line());
        CHECK(next.poll() == Pending);
        peer.send("more of the same, and more than the limit");
        CHECK(next.poll() == Pending);
        CHECK(reader.buffered().empty());
        peer.send("the end of it\nshort");
        CHECK(next.poll() == Pending);
        peer.send("\n");
        CHECK(next.poll() == Ready(Line("short")));
    }

    TEST_CASE_FIXTURE(FiveBytes, "the skipping outlives a read_line that is dropped") {
        peer.send("too long ");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        {
            peer.send("still the same line ");
            auto dropped = spawn_mock("a read_line that is dropped", reader.read_line());
            CHECK(dropped.poll() == Pending);
        }
        peer.send("its end\nnext\n");
        auto next = spawn_mock("the next read_line", reader.read_line());
        CHECK(next.poll() == Ready(Line("next")));
    }

    TEST_CASE_FIXTURE(Unlimited, "by default a line may have a mebibyte") {
        std::string const longest(1024 * 1024, 'x');
        peer.send(longest + "\n");
        peer.send(longest + "x\n");
        auto line = spawn_mock("read_line", reader.read_line());
        bool const passed = line.poll() == Ready(Line(longest));
        CHECK(passed);
        auto next = spawn_mock("the next read_line", reader.read_line());
        expect_too_long(next, "longer than 1048576 bytes");
    }

    TEST_CASE("the end of the stream is the end of a long line") {
        // A FIFO goes on when another writer opens it.
        MockPeer peer;
        BufReader reader(peer.stream(), 5);
        peer.send("too long");
        peer.end();
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        auto end = spawn_mock("the next read_line", reader.read_line());
        CHECK(end.poll() == Ready(Line()));
        peer.send("next\n");
        auto next = spawn_mock("a read_line after the end", reader.read_line());
        CHECK_MESSAGE(next.poll() == Ready(Line("next")), "a line that came after the end of the stream was skipped");
    }

    TEST_CASE_FIXTURE(Unlimited, "while it waits for the first byte it holds no memory") {
        auto line = spawn_mock("read_line", reader.read_line());
        std::string const half(2'000, 'x');
        long const before = buffers();
        CHECK(line.poll_silently() == Pending);
        CHECK_MESSAGE(buffers() == before, "a reader that waits for the first byte keeps a buffer for it");
        peer.send(half);
        CHECK(line.poll_silently() == Pending);
        CHECK(buffers() == before + 1);
        peer.send("\n");
        CHECK(line.poll_silently() == Ready(Line(half)));
        CHECK(buffers() == before);
    }

    TEST_CASE("it owns the stream") {
        MockPeer peer;
        {
            BufReader reader(peer.stream());
            peer.send("one\ntwo\n");
            auto line = spawn_mock("read_line", reader.read_line());
            CHECK(line.poll() == Ready(Line("one")));
            BufReader<MockStream> moved = std::move(reader);
            CHECK(moved.buffered() == "two\n");
            CHECK_FALSE(peer.is_dropped());
        }
        CHECK(peer.is_dropped());
    }

    TEST_CASE_FIXTURE(Unlimited, "writes go straight through") {
        peer.take_room(3);
        auto write = spawn_mock("write_all", rt::write_all(reader, "hello"));
        CHECK(write.poll() == Pending);
        CHECK(peer.received() == "hel");
        peer.take_room(2);
        CHECK(write.is_woken());
        CHECK(write.poll() == Ready());
        CHECK(peer.received() == "hello");
        auto end = spawn_mock("shutdown", rt::shutdown(reader));
        CHECK(end.poll() == Ready());
        CHECK(peer.is_shut_down());
    }
}
