/// \file
/// 13.2: what can be read and written, whatever it is; and chunks.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <support/counted_new.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

using namespace support;
using rt::Chunk, rt::Pending, rt::Ready;

namespace {

/// A stream whose every answer is laid down before: pieces to read (nothing: Pending), and how much each write takes.
class Script {
  public:
    rt::Poll<std::size_t> poll_read(rt::Context& cx, std::span<char> into) {
        ++reads;
        if (pieces.empty()) {
            return Ready<std::size_t>(0);
        }
        if (!pieces.front()) {
            pieces.pop_front();
            cx.waker().wake_by_ref();
            return Pending;
        }
        std::string& piece = *pieces.front();
        std::size_t size = std::min(piece.size(), into.size());
        std::copy_n(piece.begin(), size, into.begin());
        piece.erase(0, size);
        if (piece.empty()) {
            pieces.pop_front();
        }
        return Ready(size);
    }
    rt::Poll<std::size_t> poll_write(rt::Context& cx, std::string_view from) {
        ++writes;
        if (takes.empty()) {
            throw std::system_error(EPIPE, std::system_category(), "write");
        }
        std::optional<std::size_t> take = takes.front();
        takes.pop_front();
        if (!take) {
            cx.waker().wake_by_ref();
            return Pending;
        }
        std::size_t size = std::min(*take, from.size());
        written += from.substr(0, size);
        return Ready(size);
    }
    rt::Poll<void> poll_shutdown(rt::Context&) {
        ++shutdowns;
        return Ready();
    }

    std::deque<std::optional<std::string>> pieces;
    std::deque<std::optional<std::size_t>> takes;
    std::string written;
    int reads = 0;
    int writes = 0;
    int shutdowns = 0;
};

static_assert(rt::AsyncRead<Script> && rt::AsyncWrite<Script>);
static_assert(!rt::AsyncRead<std::string> && !rt::AsyncWrite<std::string>);

constexpr auto nothing = std::nullopt;

}  // namespace

TEST_SUITE("13.2 bytes") {
    TEST_CASE("read yields what is there") {
        Script script;
        script.pieces = {nothing, "green tea"};
        std::string buffer(5, ' ');
        auto task = spawn_mock("read", rt::read(script, buffer));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Ready<std::size_t>(5));
        CHECK(buffer == "green");
    }

    TEST_CASE("write_all goes on after a short write") {
        Script script;
        script.takes = {3, 100};
        auto task = spawn_mock("write_all", rt::write_all(script, "green tea"));
        CHECK(task.poll() == Ready());
        CHECK_MESSAGE(script.written == "green tea",
                      "a short write is no error, and not the end: the rest is to be written too");
        CHECK(script.writes == 2);
    }

    TEST_CASE("write_all writes short pieces to the end") {
        Script script;
        script.takes = {3, nothing, 1, 100};
        auto task = spawn_mock("write_all", rt::write_all(script, "green tea"));
        CHECK(task.poll() == Pending);
        CHECK(script.written == "gre");
        CHECK(task.poll() == Ready());
        CHECK(script.written == "green tea");
        CHECK(script.writes == 4);
    }

    TEST_CASE("write_all of nothing asks nobody") {
        Script script;
        CHECK(spawn_mock("write_all", rt::write_all(script, "")).poll() == Ready());
        CHECK(script.writes == 0);
    }

    TEST_CASE("a stream that takes nothing is an error and no endless loop") {
        Script script;
        script.takes = {0};
        auto task = spawn_mock("write_all", rt::write_all(script, "tea"));
        CHECK_THROWS_AS((void)task.poll(), std::system_error);
    }

    TEST_CASE("an error of the stream flies through") {
        Script script;
        auto task = spawn_mock("write_all", rt::write_all(script, "tea"));
        CHECK_THROWS_WITH_AS((void)task.poll(), "write: Broken pipe", std::system_error);
    }

    TEST_CASE("shutdown reaches the stream") {
        Script script;
        CHECK(spawn_mock("shutdown", rt::shutdown(script)).poll() == Ready());
        CHECK(script.shutdowns == 1);
    }

    TEST_CASE("read_to_string reads to the end") {
        Script script;
        script.pieces = {"green ", nothing, "tea", nothing};
        auto task = spawn_mock("read_to_string", rt::read_to_string(script));
        CHECK(task.poll() == Pending);
        CHECK(task.poll() == Pending);
        CHECK(task.poll().value() == "green tea");
        CHECK(task.polls() == 3);
    }

    TEST_CASE("read_to_string has a limit") {
        Script just_right;
        just_right.pieces = {"12345", "67890"};
        CHECK(spawn_mock("read_to_string", rt::read_to_string(just_right, 10)).poll().value() == "1234567890");
        Script too_long;
        too_long.pieces = {"12345", "678901", "never read"};
        auto task = spawn_mock("read_to_string", rt::read_to_string(too_long, 10));
        CHECK_THROWS_WITH_AS((void)task.poll(), "read_to_string: the stream is longer than the limit: Message too long",
                             std::system_error);
        CHECK(too_long.reads == 2);
    }

    TEST_CASE("a chunk holds what was read and is false at the end") {
        Script script;
        script.pieces = {nothing, "green tea"};
        auto first = spawn_mock("read", rt::read(script, std::size_t{5}));
        CHECK(first.poll() == Pending);
        Chunk chunk = first.poll().value();
        CHECK(chunk);
        CHECK(chunk.view() == "green");
        CHECK(chunk.size() == 5);
        CHECK(spawn_mock("read", rt::read(script, std::size_t{5})).poll().value().view() == " tea");
        Chunk end = spawn_mock("read", rt::read(script, std::size_t{5})).poll().value();
        CHECK_FALSE(end);
        CHECK(end.view().empty());
    }

    TEST_CASE("a read that waits holds no buffer") {
        Script script;
        script.pieces = {nothing, nothing, "tea"};
        auto task = spawn_mock("read", rt::read(script, std::size_t{4096}));
        long const before = buffers();
        CHECK(task.poll_silently() == Pending);
        CHECK_MESSAGE(buffers() == before,
                      "a read that waits keeps its buffer: ten thousand idle clients keep as many");
        CHECK(task.poll_silently() == Pending);
        CHECK(buffers() == before);
        {
            Chunk chunk = task.poll_silently().value();
            CHECK(buffers() == before + 1);
        }
        CHECK(buffers() == before);
    }

    TEST_CASE("a read_to_string that waits holds no buffer but the text") {
        Script script;
        script.pieces = {"tea", nothing};
        auto task = spawn_mock("read_to_string", rt::read_to_string(script));
        long const before = buffers();
        CHECK(task.poll_silently() == Pending);
        CHECK(buffers() == before);
        CHECK(task.poll_silently().value() == "tea");
    }

    TEST_CASE("a read is offered the room that was asked for") {
        for (std::size_t size : {1U, 1500U, 1'000'000U}) {
            Script script;
            script.pieces = {std::string(2'000'000, 'x')};
            CHECK(spawn_mock("read", rt::read(script, size)).poll().value().size() == size);
        }
    }

    TEST_CASE("moving a chunk hands its memory on") {
        long const before = buffers();
        Script script;
        script.pieces = {"tea"};
        Chunk a = spawn_mock("read", rt::read(script, std::size_t{30'000})).poll().value();
        Chunk b = std::move(a);
        CHECK(b.view() == "tea");
        CHECK_FALSE(a);
        a = std::move(b);
        CHECK(a.view() == "tea");
        CHECK(b.empty());
        CHECK(buffers() == before + 1);
        a = Chunk();
        CHECK(buffers() == before);
    }
}
