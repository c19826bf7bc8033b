#include <doctest/doctest.h>
#include <rt/buf_reader.hpp>
#include <rt/future.hpp>
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
#include <tuple>

using namespace support;
using rt::BufReader;
using rt::Pending;
using rt::Ready;

namespace {

using Line = std::optional<std::string>;

/// Its lines may have five bytes.
struct FiveBytes {
    MockPeer peer;
    BufReader<MockStream> reader{peer.stream(), 5};
};

/// Polls once. The exception must be EMSGSIZE with this sentence in it.
template <class Task>
void expect_too_long(Task& task, const char* sentence) {
    bool is_thrown = false;
    try {
        std::ignore = task.poll();
    } catch (const std::system_error& error) {
        is_thrown = true;
        CHECK(error.code().value() == EMSGSIZE);
        CHECK(std::string(error.what()).find(sentence) != std::string::npos);
    }
    REQUIRE_MESSAGE(is_thrown, "the line is above the limit, and read_line threw nothing");
}

/// Polls once. The long line was an error before, so this must not be another one.
template <class Task>
rt::Poll<Line> poll_next(Task& task) {
    try {
        return task.poll();
    } catch (const std::system_error& error) {
        step("it threw: {}", error.what());
    }
    FAIL("read_line threw for the same line again. Throw once, and let the next read_line skip the rest.");
    return Pending;
}

constexpr char wrong_next[] =
    "the line behind the long one does not come whole. Skip up to the first '\\n' and with it, and leave what follows in "
    "the buffer.";
constexpr char skipped_too_little[] =
    "the rest of the long line was given out as a line. Skip up to its end, also if a part of it comes later.";

}  // namespace

TEST_SUITE("17.2 limits") {
    TEST_CASE_FIXTURE(FiveBytes, "a line of one byte more is an error and the next line is not lost") {
        peer.send("hello!\nnext\n");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "read_line: the line is longer than 5 bytes");
        auto next = spawn_mock("the next read_line", reader.read_line());
        auto const poll = poll_next(next);
        CHECK_MESSAGE(poll == Ready(Line("next")), wrong_next);
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
    }

    TEST_CASE_FIXTURE(FiveBytes, "the rest of a long line is skipped when it comes") {
        peer.send("hello, ");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "the line is longer than 5 bytes");
        auto next = spawn_mock("the next read_line", reader.read_line());
        bool const waits = poll_next(next) == Pending;
        REQUIRE_MESSAGE(waits, skipped_too_little);
        peer.send("wo");
        CHECK(next.is_woken());
        bool const waits_on = poll_next(next) == Pending;
        REQUIRE_MESSAGE(waits_on, skipped_too_little);
        peer.send("rld\nnext");
        CHECK_MESSAGE(next.is_woken(),
                      "read_line is Pending, but the stream wasn't, so nothing will wake the task. Skip and read until "
                      "the stream itself is Pending.");
        bool const waits_for_end = poll_next(next) == Pending;
        REQUIRE_MESSAGE(waits_for_end, skipped_too_little);
        peer.send("\n");
        auto const poll = poll_next(next);
        CHECK_MESSAGE(poll == Ready(Line("next")), wrong_next);
    }

    TEST_CASE_FIXTURE(FiveBytes, "what is skipped is not kept") {
        peer.send("hello, ");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "the line is longer than 5 bytes");
        auto next = spawn_mock("the next read_line", reader.read_line());
        for (const char* piece : {"small world", "and more of the same"}) {
            peer.send(piece);
            auto const poll = poll_next(next);
            CHECK(poll == Pending);
            CHECK_MESSAGE(reader.buffered().empty(),
                          "the buffer keeps a line that is skipped, so a line without end fills the memory. Drop each "
                          "piece of it at once.");
        }
        peer.send("the end of it\nnext\n");
        auto const poll = poll_next(next);
        CHECK_MESSAGE(poll == Ready(Line("next")), wrong_next);
    }

    TEST_CASE_FIXTURE(FiveBytes, "the skipping outlives a read_line that is dropped") {
        peer.send("too long ");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        {
            peer.send("still the same line ");
            auto dropped = spawn_mock("a read_line that is dropped", reader.read_line());
            auto const poll = poll_next(dropped);
            CHECK(poll == Pending);
        }
        peer.send("its end\nnext\n");
        auto next = spawn_mock("the next read_line", reader.read_line());
        bool const is_next = poll_next(next) == Ready(Line("next"));
        CHECK_MESSAGE(
            is_next,
            "a read_line was dropped while it skipped, and the next one skips no more. Keep in the reader that it "
            "skips.");
    }

    TEST_CASE_FIXTURE(FiveBytes, "each long line is an error of its own") {
        peer.send("long line 1\nlong line 2\nok\nlong line 3\n");
        for (bool const is_long : {true, true, false, true}) {
            auto line = spawn_mock("read_line", reader.read_line());
            if (is_long) {
                expect_too_long(line, "longer than 5 bytes");
            } else {
                CHECK(line.poll() == Ready(Line("ok")));
            }
        }
    }

    TEST_CASE_FIXTURE(FiveBytes, "a long line is not read to its end before it is refused") {
        peer.send("long line");
        peer.send("the rest of it\n");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        CHECK_MESSAGE(peer.reads() == 1, "the line was too long after one read, and the stream was read again");
    }

    TEST_CASE_FIXTURE(FiveBytes, "an error of the stream does not end the skipping") {
        peer.send("too long");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        peer.fail_read(ETIMEDOUT);
        auto failed = spawn_mock("a read_line that fails", reader.read_line());
        CHECK_THROWS_AS(std::ignore = failed.poll(), std::system_error);
        peer.send("its end\nnext\n");
        auto next = spawn_mock("the next read_line", reader.read_line());
        auto const poll = poll_next(next);
        CHECK_MESSAGE(poll == Ready(Line("next")),
                      "the stream threw while a line was skipped, and the next read_line skips no more");
    }

    TEST_CASE("by default a line may have a mebibyte") {
        MockPeer peer;
        BufReader reader(peer.stream());
        std::string const longest(1024 * 1024, 'x');
        peer.send(longest + "\n");
        peer.send(longest + "x\n");
        auto line = spawn_mock("read_line", reader.read_line());
        bool const passed = line.poll() == Ready(Line(longest));
        CHECK(passed);
        auto next = spawn_mock("the next read_line", reader.read_line());
        expect_too_long(next, "longer than 1048576 bytes");
    }

    TEST_CASE_FIXTURE(FiveBytes, "the end of the stream is the end of a long line") {
        // A FIFO goes on when another writer opens it.
        peer.send("too long");
        peer.end();
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        auto end = spawn_mock("the next read_line", reader.read_line());
        bool const is_end = poll_next(end) == Ready(Line());
        REQUIRE_MESSAGE(is_end, "the stream ended within the long line, and the next read_line does not tell the end");
        peer.send("next\n");
        auto next = spawn_mock("a read_line after the end", reader.read_line());
        auto const poll = poll_next(next);
        CHECK_MESSAGE(poll == Ready(Line("next")), "a line that came after the end of the stream was skipped");
    }

    TEST_CASE_FIXTURE(FiveBytes, "the end of a long line comes in the second piece that one poll reads") {
        peer.send("hello, ");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        peer.send("wonderful ");
        peer.send("world\nnext\n");
        auto next = spawn_mock("the next read_line", reader.read_line());
        auto const poll = poll_next(next);
        CHECK_MESSAGE(poll == Ready(Line("next")),
                      "the search for the end of the long line began behind that end. Search each new piece from its "
                      "first byte, because the pieces before it have left the buffer.");
    }

    TEST_CASE_FIXTURE(FiveBytes, "a reader that skips and waits holds no memory") {
        peer.send("hello, ");
        auto line = spawn_mock("read_line", reader.read_line());
        expect_too_long(line, "longer than 5 bytes");
        auto next = spawn_mock("the next read_line", reader.read_line());
        long const before = buffers();
        peer.send(std::string(2'000, 'x'));
        CHECK(next.poll_silently() == Pending);
        CHECK_MESSAGE(
            buffers() == before,
            "the buffer is empty, and its memory is still there. Drop the bytes with `consume`, which frees it.");
    }
}
