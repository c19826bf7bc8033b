/// \file
/// 13.2: reading from a connection and writing to it.
#include "connection.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/tcp.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>

#include <sys/socket.h>

using namespace support;
using rt::Async, rt::Chunk, rt::TcpStream;

namespace {

/// Writes until the kernel takes no more, or at most once if `once`. Yields how much it took.
Async<std::size_t> fill(TcpStream* stream, bool once) {
    std::string const block(8'000'000, 'x');
    std::size_t total = 0;
    auto write = [&](rt::Context& cx) -> rt::Poll<void> {
        for (;;) {
            rt::Poll<std::size_t> written = stream->poll_write(cx, block);
            if (written.is_pending()) {
                return once ? rt::Poll<void>(rt::Pending) : rt::Ready();
            }
            total += written.value();
            still_alive();
            if (once) {
                return rt::Ready();
            }
        }
    };
    auto filling = rt::poll_fn(write);
    co_await filling;
    co_return total;
}

}  // namespace

TEST_SUITE("13.2 a listener and its connections") {
    TEST_CASE("read fills a buffer of one's own") {
        Connection c;
        c.client.send("green tea");
        std::array<char, 5> buffer{};
        CHECK(c.runtime.block_on(c.stream.read(buffer)) == 5);
        CHECK(std::string_view(buffer.data(), buffer.size()) == "green");
        CHECK(c.runtime.block_on(c.stream.read(buffer)) == 4);
        c.client.close();
        bool const ended = c.runtime.block_on(ends_within(1000, c.stream.read(buffer)));
        REQUIRE_MESSAGE(
            ended,
            "the read waits on, but recv answered 0, which is the end of the stream. Let poll_io have the answers of "
            "the kernel as they are.");
        CHECK(c.runtime.block_on(c.stream.read(buffer)) == 0);
    }

    TEST_CASE("the end that comes with the last bytes is read") {
        Connection c;
        auto read_twice = [](TcpStream* stream) -> rt::Async<std::string> {
            Chunk bytes = co_await stream->read(100);
            Chunk end = co_await stream->read(100);
            co_return std::string(bytes.view()) + (end ? " and more" : " and the end");
        };
        TraceLog log{TraceLog::Kind::park};
        TestThread client([&] {
            log.wait_for(TraceLog::Kind::park, 1);
            c.client.send("bye");
            c.client.close();
        });
        CHECK(c.runtime.block_on(read_twice(&c.stream)) == "bye and the end");
    }

    TEST_CASE("a short read saves the next call") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> Async<std::string> {
            auto reading = ends_within(2, stream->read(std::size_t{100}));
            co_await reading;  // refused, so only an event says from now on that there is something
            client->send("ab");
            Chunk first = co_await stream->read(100);
            step("2 bytes came, though there was room for 100: the kernel has no more");
            client->send("cd");
            auto at_once = ends_within(1, stream->read(std::size_t{100}));
            bool const asked = co_await at_once;
            CHECK_MESSAGE(
                !asked,
                "the read asked the kernel again, though the one before was short. Tell poll_io how many bytes a full "
                "answer has, and tell the TcpStream that it is a TCP socket.");
            if (asked) {
                co_return "";
            }
            Chunk second = co_await stream->read(100);
            co_return std::string(first.view()) + std::string(second.view());
        };
        std::string const text = c.runtime.block_on(main(&c.stream, &c.client));
        CHECK((text == "abcd" || text.empty()));
    }

    TEST_CASE("a read that fills its buffer is no short read") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> Async<bool> {
            auto reading = ends_within(2, stream->read(std::size_t{100}));
            co_await reading;  // refused, so only an event says from now on that there is something
            client->send("abcd");
            co_await stream->read(2);
            step("2 bytes came, and there was room for 2: the kernel may have more");
            auto at_once = ends_within(1, stream->read(std::size_t{2}));
            co_return co_await at_once;
        };
        CHECK_MESSAGE(
            c.runtime.block_on(main(&c.stream, &c.client)),
            "the buffer was filled, and the next read waits for an event that does not come. Pass `into.size()` to "
            "poll_io as the full answer.");
    }

    TEST_CASE("a write of all bytes is no short write") {
        Connection c;
        auto main = [](TcpStream* stream) -> Async<bool> {
            auto reading = ends_within(2, stream->read(std::size_t{100}));
            co_await reading;  // refused, so the descriptor is registered
            co_await stream->write_all("green");
            step("the kernel took all that it was given: it may have room for more");
            auto at_once = ends_within(1, stream->write_all(" tea"));
            co_return co_await at_once;
        };
        CHECK_MESSAGE(
            c.runtime.block_on(main(&c.stream)),
            "all bytes were written, and the next write waits for an event that does not come. Pass `from.size()` "
            "to poll_io as the full answer.");
    }

    TEST_CASE("a short write saves the next call") {
        Connection c;
        step("the kernel's buffers keep their size, so that 8,000,000 bytes are always too many");
        REQUIRE(rt::sys::set_option(c.stream.fd(), SOL_SOCKET, SO_SNDBUF, 65'536) == 0);
        REQUIRE(rt::sys::set_option(c.client.fd(), SOL_SOCKET, SO_RCVBUF, 65'536) == 0);
        auto main = [](TcpStream* stream, Peer* client) -> Async<bool> {
            std::size_t total = co_await fill(stream, false);
            client->receive(total);
            std::size_t some = co_await fill(stream, true);
            step("the kernel took {} of 8,000,000 bytes, so it has no more room", some);
            client->receive(some);
            auto at_once = ends_within(1, stream->write_all("tea"));
            co_return co_await at_once;
        };
        CHECK_MESSAGE(
            !c.runtime.block_on(main(&c.stream, &c.client)),
            "the write asked the kernel again, though the one before was short. Tell poll_io how many bytes a full answer "
            "has.");
    }

    TEST_CASE("a write that waits goes on when there is room") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> Async<bool> {
            std::size_t total = co_await fill(stream, false);
            step("the kernel takes no more; the client reads everything");
            client->receive(total);
            auto writing = ends_within(1000, stream->write_all("tea"));
            co_return co_await writing;
        };
        CHECK_MESSAGE(c.runtime.block_on(main(&c.stream, &c.client)),
                      "there is room, and the write still waits. Wait in the direction in which you try.");
    }

    TEST_CASE("a write of megabytes through a small buffer") {
        Connection c;
        REQUIRE(rt::sys::set_option(c.stream.fd(), SOL_SOCKET, SO_SNDBUF, 4096) == 0);
        std::string text = pattern(static_cast<std::size_t>(rounds_of(4'000'000)));
        std::string received;
        TestThread client([&] { received = c.client.receive_all(); });
        c.runtime.block_on(c.stream.write_all(text));
        c.runtime.block_on(c.stream.shutdown());
        client.join();
        CHECK(received.size() == text.size());
        CHECK((received == text));
    }

    TEST_CASE("shutdown ends one direction only") {
        Connection c;
        c.runtime.block_on(c.stream.write_all("question"));
        c.runtime.block_on(c.stream.shutdown());
        CHECK(c.client.receive_all() == "question");
        c.client.send("answer");
        c.client.end();
        CHECK(c.runtime.block_on(c.stream.read_to_string()) == "answer");
        step("a second shutdown is nothing special; nor is one after a reset");
        c.runtime.block_on(c.stream.shutdown());
        c.client.reset();
        c.runtime.block_on(c.stream.shutdown());
    }

    TEST_CASE("a reset is an error") {
        Connection c;
        c.client.reset();
        CHECK(failure_of(c.stream.read(100), c.runtime) == "read: Connection reset by peer");
    }

    TEST_CASE("a reset wakes a read that waits") {
        Connection c;
        TraceLog log{TraceLog::Kind::park};
        TestThread client([&] {
            log.wait_for(TraceLog::Kind::park, 1);
            c.client.reset();
        });
        CHECK(failure_of(c.stream.read(100), c.runtime) == "read: Connection reset by peer");
    }

    TEST_CASE("a write to a connection that was reset is an error and kills nobody") {
        Connection c;
        c.client.reset();
        CHECK(failure_of(c.stream.read(100), c.runtime) == "read: Connection reset by peer");
        static rt::Atomic<int> signals{0};
        std::signal(SIGPIPE, [](int) { signals.fetch_add(1); });
        step("write");
        CHECK(failure_of(c.stream.write_all("anybody there?"), c.runtime) == "write: Broken pipe");
        CHECK_MESSAGE(signals.load() == 0, "the write raised SIGPIPE, which kills a program that does not expect it");
    }
}
