/// \file
/// 13.1: what works on every stream.
#include "script.hpp"

#include <doctest/doctest.h>
#include <rt/io.hpp>
#include <support/counted_new.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

using namespace support;
using rt::Chunk, rt::Pending, rt::Ready;

namespace {

constexpr char wrong_length[] =
    "the text has another length than what was read. Append as many bytes as the read has told, because a stream may carry "
    "zero bytes, and the memory does not end with one.";

}  // namespace

TEST_SUITE("13.1 bytes") {
    TEST_CASE("a chunk holds what was read and is false at the end") {
        Script script;
        script.pieces = {nothing, "green tea"};
        auto first = spawn_mock("read", rt::read(script, std::size_t{5}));
        CHECK(first.poll() == Pending);
        Chunk chunk = first.poll().value();
        CHECK(chunk);
        CHECK(chunk.view() == "green");
        Chunk rest = spawn_mock("read", rt::read(script, std::size_t{5})).poll().value();
        CHECK_MESSAGE(rest.view() == " tea",
                      "fewer bytes came than the chunk has room for. Its size is the number that was read.");
        Chunk end = spawn_mock("read", rt::read(script, std::size_t{5})).poll().value();
        CHECK_MESSAGE(!end, "0 bytes are the end of the stream, so yield an empty chunk");
        CHECK(end.view().empty());
    }

    TEST_CASE("a read yields what one poll of the stream has given") {
        Script script;
        script.pieces = {"tea"};
        script.is_broken = true;
        std::string bytes;
        try {
            bytes = spawn_mock("read", rt::read(script, std::size_t{100})).poll().value().view();
        } catch (const std::system_error& error) {
            step("the stream's next poll threw: {}", error.what());
        }
        CHECK_MESSAGE(
            bytes == "tea",
            "3 bytes came, but the read polled the stream again, and its error took them along. Yield what the "
            "first poll has given.");
        CHECK(script.reads == 1);
    }

    TEST_CASE("a read is offered the room that was asked for") {
        for (std::size_t size : {1U, 1500U, 1'000'000U}) {
            Script script;
            script.pieces = {std::string(2'000'000, 'x')};
            CHECK(spawn_mock("read", rt::read(script, size)).poll().value().size() == size);
        }
    }

    TEST_CASE("a read that waits holds no buffer") {
        Script script;
        script.pieces = {nothing, nothing, "tea"};
        long const before = buffers();
        auto task = spawn_mock("read", rt::read(script, std::size_t{4096}));
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

    TEST_CASE("write_all goes on after a short write") {
        Script script;
        script.takes = {3, 100};
        auto task = spawn_mock("write_all", rt::write_all(script, "green tea"));
        REQUIRE_MESSAGE(task.poll() == Ready(),
                        "the stream took 3 bytes, and write_all returned Pending. Write on until the stream itself is "
                        "Pending.");
        CHECK_MESSAGE(script.written == "green tea",
                      "only a part of the text was written. A write may take less than all, so write the rest too.");
        CHECK(script.writes == 2);
    }

    TEST_CASE("write_all remembers how far it has come") {
        Script script;
        script.takes = {3, nothing, 1, 100};
        auto task = spawn_mock("write_all", rt::write_all(script, "green tea"));
        CHECK_MESSAGE(task.poll() == Pending,
                      "the stream had no room, and was polled again at once. Return Pending, too.");
        CHECK(script.written == "gre");
        CHECK(task.poll() == Ready());
        CHECK_MESSAGE(script.written == "green tea",
                      "after Pending, write_all wrote something else than the rest. Keep in the future what is left.");
        CHECK(script.writes == 4);
    }

    TEST_CASE("write_all of nothing asks nobody") {
        Script script;
        script.takes = {0};
        try {
            (void)spawn_mock("write_all", rt::write_all(script, "")).poll();
        } catch (const std::system_error& error) {
            step("write_all threw: {}", error.what());
        }
        CHECK_MESSAGE(script.writes == 0,
                      "there is nothing to write, and the stream was polled. Look at the text before each write.");
    }

    TEST_CASE("a stream that takes nothing is an error and no endless loop") {
        Script script;
        script.takes = {0};
        auto task = spawn_mock("write_all", rt::write_all(script, "tea"));
        try {
            (void)task.poll();
            FAIL_CHECK("the stream took no byte, and write_all threw nothing. Throw takes_no_more().");
        } catch (const std::system_error& error) {
            REQUIRE_MESSAGE(
                script.writes == 1,
                "the stream took no byte, and was asked again. It may take none forever, so throw an error.");
            CHECK_MESSAGE(std::string(error.what()) == "write_all: the stream takes no more bytes: Broken pipe",
                          "the stream took no byte. Throw takes_no_more().");
        }
    }

    TEST_CASE("an error of the stream flies through") {
        Script script;
        auto task = spawn_mock("write_all", rt::write_all(script, "tea"));
        CHECK_THROWS_WITH_AS((void)task.poll(), "write: Broken pipe", std::system_error);
    }

    TEST_CASE("read_to_string reads to the end") {
        Script script;
        script.pieces = {"green ", nothing, "tea", nothing};
        auto task = spawn_mock("read_to_string", rt::read_to_string(script));
        rt::Poll<std::string> first = task.poll();
        REQUIRE_MESSAGE(first != Ready<std::string>("green "),
                        "a piece has come, but the stream has not ended. Read until it has.");
        REQUIRE_MESSAGE(first == Pending, "the stream was Pending, and was polled again at once. Return Pending, too.");
        CHECK(task.poll() == Pending);
        rt::Poll<std::string> text = task.poll();
        REQUIRE_MESSAGE(text.is_ready(), "0 bytes were read, which is the end of the stream. Yield the text.");
        REQUIRE_MESSAGE(text.value().size() >= 9, "keep in the future what has come before a Pending");
        REQUIRE_MESSAGE(text.value().size() == 9, wrong_length);
        CHECK(text.value() == "green tea");
        CHECK(task.polls() == 3);
    }

    TEST_CASE("read_to_string takes zero bytes like all others") {
        Script script;
        script.pieces = {std::string("green\0", 6), std::string("\0tea", 4)};
        std::string const text = spawn_mock("read_to_string", rt::read_to_string(script)).poll().value();
        REQUIRE_MESSAGE(text.size() == 10, wrong_length);
        CHECK(text == std::string("green\0\0tea", 10));
    }

    TEST_CASE("read_to_string has a limit") {
        Script just_right;
        just_right.pieces = {"12345", "67890"};
        auto fits = spawn_mock("read_to_string", rt::read_to_string(just_right, 10));
        try {
            std::string const text = fits.poll().value();
            CHECK(text == "1234567890");
        } catch (const std::system_error& error) {
            step("read_to_string threw: {}", error.what());
            FAIL_CHECK("10 bytes came, and the limit is 10, so nothing is too long. Throw if there are more.");
        }
        Script too_long;
        too_long.pieces = {"12345", "678901", "never read"};
        auto task = spawn_mock("read_to_string", rt::read_to_string(too_long, 10));
        try {
            (void)task.poll();
            FAIL_CHECK("11 bytes came, and the limit is 10. Throw too_long().");
        } catch (const std::system_error& error) {
            CHECK_MESSAGE(
                std::string(error.what()) == "read_to_string: the stream is longer than the limit: Message too long",
                "11 bytes came, and the limit is 10. Throw too_long().");
        }
        CHECK_MESSAGE(too_long.reads == 2,
                      "the limit was reached, and read_to_string went on. A stream may never end.");
    }

    TEST_CASE("at its limit read_to_string reads on") {
        Script script;
        script.pieces = {"12345", "67890", "1"};
        auto task = spawn_mock("read_to_string", rt::read_to_string(script, 10));
        try {
            (void)task.poll();
            FAIL_CHECK("10 bytes came, and the limit is 10, but an eleventh one comes. Read on until the stream ends.");
        } catch (const std::system_error&) {
            step("it is too long");
        }
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
}
