#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
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
        CHECK(line.poll() == Ready(Line("hello")));
        CHECK(peer.reads() == 1);
        CHECK(line.clones() == 0);
    }

    TEST_CASE_FIXTURE(Lines, "nothing there: Pending and woken by the first byte") {
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Pending);
        CHECK(line.kept_wakers() == 1);
        CHECK_FALSE(line.is_woken());
        peer.send("x");
        CHECK(line.is_woken());
        CHECK(line.wakes() == 1);
    }

    TEST_CASE_FIXTURE(Lines, "a line split over two reads is one line") {
        auto line = spawn_mock("read_line", reader.read_line());
        peer.send("hel");
        CHECK(line.poll() == Pending);
        CHECK(peer.reads() == 2);
        peer.send("lo\n");
        CHECK(line.is_woken());
        CHECK(line.poll() == Ready(Line("hello")));
        CHECK(peer.reads() == 3);
    }

    TEST_CASE_FIXTURE(Lines, "several lines in one read cost one read") {
        peer.send("one\ntwo\n\nthr");
        for (const char* expected : {"one", "two", ""}) {
            auto line = spawn_mock("read_line", reader.read_line());
            CHECK(line.poll() == Ready(Line(expected)));
            CHECK(peer.reads() == 1);
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
        CHECK(rt::block_on(all_lines(&reader)) ==
              std::vector<std::string>{"unix", "network", "", " \t\r", "old\rmac", ""});
    }

    TEST_CASE_FIXTURE(Lines, "the end of the stream") {
        step("nothing at all was sent");
        peer.end();
        for (int i = 0; i < 2; ++i) {
            auto line = spawn_mock("read_line", reader.read_line());
            CHECK(line.poll() == Ready(Line()));
        }
    }

    TEST_CASE_FIXTURE(Lines, "a last line that nobody ended is a line") {
        peer.send("one\nt");
        peer.send("wo\r");
        peer.end();
        CHECK(rt::block_on(all_lines(&reader)) == std::vector<std::string>{"one", "two\r"});
    }

    TEST_CASE_FIXTURE(Lines, "bytes are bytes") {
        std::string const odd("a\0b\xff\xc3", 5);
        peer.send(odd + "\n");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Ready(Line(odd)));
    }

    TEST_CASE_FIXTURE(Lines, "a read_line that is dropped while it waits loses nothing") {
        {
            auto line = spawn_mock("the first read_line", reader.read_line());
            peer.send("half a ");
            CHECK(line.poll() == Pending);
            line.drop();
        }
        CHECK(reader.buffered() == "half a ");
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
        CHECK(reader.buffered() == "half");
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

    TEST_CASE_FIXTURE(Lines, "read_line keeps the contract of a future") {
        peer.send("one\ntwo\n");
        auto line = spawn_mock("read_line", reader.read_line());
        CHECK(line.poll() == Ready(Line("one")));
        expect_violation("polled after Ready", [&] { std::ignore = line.poll_silently(); });
    }
}
