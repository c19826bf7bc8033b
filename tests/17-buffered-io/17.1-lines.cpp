#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <support/counted_new.hpp>
#include <support/death.hpp>
#include <support/mock_stream.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

using namespace support;
using rt::Async;
using rt::BufReader;
using rt::Pending;
using rt::Ready;

namespace {

using Line = std::optional<std::string>;

struct Lines {
    MockPeer peer;
    BufReader<MockStream> reader{peer.stream()};
};

Async<std::vector<std::string>> all_lines(BufReader<MockStream>* reader) {
    std::vector<std::string> lines;
    while (auto line = co_await reader->read_line()) {
        lines.push_back(*line);
    }
    co_return lines;
}

}  // namespace

TEST_SUITE("17.1 lines") {
    TEST_CASE_FIXTURE(Lines, "a line comes without its end") {
        peer.send("hello\n");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(peer.reads() == 0);
        CHECK_MESSAGE(line.poll() == Ready(Line("hello")),
                      "the line and its end have come. Give the line out, without the end. `take_line` does that.");
        CHECK_MESSAGE(peer.reads() == 1,
                      "the whole line is there, and the stream was read again. Look for the line first.");
        CHECK(line.clones() == 0);
    }

    TEST_CASE_FIXTURE(Lines, "nothing there: Pending and woken by the first byte") {
        auto line = spawn_mock("read_line", reader.read_line());
        bool waits = false;
        REQUIRE_NOTHROW_MESSAGE(
            waits = line.poll() == Pending,
            "the stream is Pending, and a Pending poll has no value. Ask it before you take its value.");
        CHECK(waits);
        CHECK(line.kept_wakers() == 1);
        CHECK_FALSE(line.is_woken());
        peer.send("x");
        CHECK(line.is_woken());
        CHECK(line.wakes() == 1);
    }

    TEST_CASE_FIXTURE(Lines, "a line split over two reads is one line") {
        auto line = spawn_mock("read_line", reader.read_line());
        peer.send("hel");
        bool const waits = line.poll() == Pending;
        REQUIRE_MESSAGE(waits, "half a line has come, and it was given out as a line. Read on until its end is there.");
        CHECK_MESSAGE(peer.reads() == 2,
                      "read_line is Pending, but the stream wasn't, so nothing will wake the task. Read again.");
        peer.send("lo\n");
        CHECK(line.is_woken());
        bool const is_whole = line.poll() == Ready(Line("hello"));
        CHECK_MESSAGE(is_whole, "a line came in two pieces. Put what is read behind what is in the buffer.");
        CHECK(peer.reads() == 3);
    }

    TEST_CASE_FIXTURE(Lines, "several lines in one read cost one read") {
        peer.send("one\ntwo\n\nthr");
        for (const char* expected : {"one", "two", ""}) {
            auto line = spawn_mock("read_line", reader.read_line());
            auto poll = line.poll();
            REQUIRE_MESSAGE(
                poll.is_ready(),
                "the next line has come, and it is not given out. Take only one line out of the buffer, and look into the buffer before you read.");
            CHECK(poll == Ready(Line(expected)));
            CHECK_MESSAGE(peer.reads() == 1,
                          "the next line was in the buffer, and the stream was read. Look into the buffer first.");
        }
        CHECK(reader.buffered() == "thr");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Pending);
        peer.send("ee\nfo");
        CHECK(line.poll() == Ready(Line("three")));
        CHECK(reader.buffered() == "fo");
    }

    TEST_CASE_FIXTURE(Lines, "both ends of a line are taken off and nothing else") {
        peer.send("unix\nnetwork\r\n\r\n \t\r\r\nold\rmac\n\r");
        peer.send("\n");
        peer.end();
        std::vector<std::string> const expected{"unix", "network", "", " \t\r", "old\rmac", ""};
        CHECK_MESSAGE(
            rt::block_on(all_lines(&reader)) == expected,
            "a line ends with \"\\n\" or \"\\r\\n\". Take that off, and nothing else. A '\\r' elsewhere is a byte of the "
            "line.");
    }

    TEST_CASE_FIXTURE(Lines, "the end of the stream") {
        step("nothing at all was sent");
        peer.end();
        for (int i = 0; i < 2; ++i) {
            auto line = spawn_mock("read_line", reader.read_line());
            auto poll = line.poll();
            REQUIRE_MESSAGE(poll.is_ready(),
                            "the stream has ended, and read_line waits. A read of 0 bytes is the end of the stream.");
            CHECK_MESSAGE(!poll.value().has_value(), "the stream has ended, and read_line still gives out a line");
        }
    }

    TEST_CASE_FIXTURE(Lines, "a last line that nobody ended is a line") {
        peer.send("one\nt");
        peer.send("wo\r");
        peer.end();
        auto one = spawn_mock("read_line", reader.read_line());
        CHECK(one.poll() == Ready(Line("one")));
        auto two = spawn_mock("the second read_line", reader.read_line());
        bool const is_whole = two.poll() == Ready(Line("two\r"));
        CHECK_MESSAGE(is_whole, "the stream ended behind \"two\". Give out the bytes that are left, and then the end.");
        auto end = spawn_mock("the third read_line", reader.read_line());
        bool const is_end = end.poll() == Ready(Line());
        CHECK_MESSAGE(is_end, "the last line was given out again. Take it out of the buffer.");
    }

    TEST_CASE_FIXTURE(Lines, "bytes are bytes") {
        std::string const odd("a\0b\xff\xc3", 5);
        peer.send(odd + "\n");
        auto line = spawn_mock("read_line", reader.read_line());
        bool const is_same = line.poll() == Ready(Line(odd));
        CHECK_MESSAGE(is_same, "the line holds a zero byte. Append as many bytes as were read.");
    }

    TEST_CASE_FIXTURE(Lines, "a read_line that is dropped while it waits loses nothing") {
        {
            auto line = spawn_mock("the first read_line", reader.read_line());
            peer.send("half a ");
            CHECK(line.poll() == Pending);
            line.drop();
        }
        CHECK_MESSAGE(reader.buffered() == "half a ",
                      "the read_line that was dropped took bytes along. Keep what was read in the reader.");
        peer.send("line\nnext\n");
        auto line = spawn_mock("the second read_line", reader.read_line());
        CHECK(line.poll() == Ready(Line("half a line")));
        auto next = spawn_mock("the third read_line", reader.read_line());
        CHECK(next.poll() == Ready(Line("next")));
    }

    TEST_CASE_FIXTURE(Lines, "an error in the middle of a line is thrown and the bytes before it are kept") {
        peer.send("half");
        peer.fail_read(ECONNRESET);
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK_THROWS_AS(std::ignore = line.poll(), std::system_error);
        CHECK_MESSAGE(reader.buffered() == "half",
                      "the error took the bytes before it along. Keep them in the reader.");
        peer.send(" a line\n");
        auto again = spawn_mock("read_line again", reader.read_line());
        CHECK(again.poll() == Ready(Line("half a line")));
    }

    TEST_CASE_FIXTURE(Lines, "what follows a line is still there for a read") {
        peer.send("length 9\nnine");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Ready(Line("length 9")));
        CHECK(reader.buffered() == "nine");

        std::array<char, 3> small{};
        auto first = spawn_mock("read 3 bytes", rt::read(reader, small));
        CHECK(first.poll() == Ready(std::size_t{3}));
        CHECK(std::string(small.data(), 3) == "nin");
        CHECK(peer.reads() == 1);

        peer.send(" bytes");
        peer.end();
        auto rest = spawn_mock("read_to_string", rt::read_to_string(reader));
        CHECK(rest.poll() == Ready(std::string("e bytes")));
    }

    TEST_CASE_FIXTURE(Lines, "small reads go through the buffer and large ones past it") {
        peer.send("abcdef");
        std::array<char, 2> small{};
        for (const char* expected : {"ab", "cd", "ef"}) {
            auto read = spawn_mock("read 2 bytes", rt::read(reader, small));
            CHECK(read.poll() == Ready(std::size_t{2}));
            CHECK(std::string(small.data(), 2) == expected);
        }
        CHECK(peer.reads() == 1);

        peer.send(std::string(10'000, 'x'));
        std::vector<char> large(20'000);
        auto read = spawn_mock("read 20000 bytes", rt::read(reader, large));
        CHECK(read.poll() == Ready(std::size_t{10'000}));
        CHECK(peer.reads() == 2);
        CHECK(reader.buffered().empty());
    }

    TEST_CASE("wherever the stream is cut the lines are the same") {
        Random random(seed_of_this_run());
        std::vector<std::string> lines;
        std::string text;
        for (int i = 0; i < 300; ++i) {
            std::size_t const size =
                static_cast<std::size_t>(random.below(10) == 0 ? random.below(20'000) : random.below(40));
            lines.push_back(std::string(size, static_cast<char>('a' + i % 26)));
            text += lines.back() + (random.below(2) == 0 ? "\n" : "\r\n");
        }
        for (int round = 0; round < 5; ++round) {
            MockPeer peer;
            BufReader reader(peer.stream());
            for (std::size_t at = 0; at < text.size();) {
                std::size_t const piece = 1 + static_cast<std::size_t>(random.below(random.below(3) == 0 ? 3 : 9'000));
                peer.send(std::string_view(text).substr(at, piece));
                at += piece;
            }
            peer.end();
            bool const same = rt::block_on(all_lines(&reader)) == lines;
            CHECK(same);
        }
    }

    TEST_CASE_FIXTURE(Lines, "while it waits for the first byte it holds no memory") {
        auto line = spawn_mock("read_line", reader.read_line());
        std::string const half(2'000, 'x');
        long const before = buffers();
        CHECK(line.poll_silently() == Pending);
        CHECK_MESSAGE(
            buffers() == before,
            "a reader that waits for the first byte holds a buffer for it. Ten thousand idle clients hold as many.");
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

    TEST_CASE("a line of just the limit passes") {
        MockPeer peer;
        BufReader reader(peer.stream(), 5);
        peer.send("hello\nworld\r\nhello");
        peer.end();
        for (const char* expected : {"hello", "world", "hello"}) {
            auto line = spawn_mock("read_line", reader.read_line());
            CHECK(line.poll() == Ready(Line(expected)));
        }
    }

    TEST_CASE_FIXTURE(Lines, "read_line keeps the contract of a future") {
        peer.send("one\ntwo\n");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Ready(Line("one")));
        expect_violation("polled after Ready", [&] { std::ignore = line.poll_silently(); });
    }
}
