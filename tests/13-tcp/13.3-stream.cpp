/// \file
/// 13.3: one connection.
#include <doctest/doctest.h>

#include "connection.hpp"
#include "fake_names.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/join.hpp>
#include <rt/sync.hpp>
#include <rt/tcp.hpp>
#include <rt/violation.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <sys/socket.h>

using namespace support;
using rt::Chunk, rt::TcpListener, rt::TcpStream;

static_assert(rt::AsyncRead<TcpStream> && rt::AsyncWrite<TcpStream>);
static_assert(rt::AsyncRead<rt::ReadHalf> && rt::AsyncWrite<rt::WriteHalf>);
static_assert(rt::checks_enabled || sizeof(TcpStream) <= 40);

TEST_SUITE("13.3 a connection") {
    TEST_CASE("read fills a buffer of one's own") {
        Connection c;
        c.client.send("green tea");
        std::array<char, 5> buffer{};
        CHECK(c.runtime.block_on(c.stream.read(buffer)) == 5);
        CHECK(std::string_view(buffer.data(), buffer.size()) == "green");
        CHECK(c.runtime.block_on(c.stream.read(buffer)) == 4);
        c.client.close();
        CHECK(c.runtime.block_on(c.stream.read(buffer)) == 0);
    }

    TEST_CASE("a stream over another kind of socket is read to its end") {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
        rt::sys::Fd peer(ends[1]);
        TcpStream stream{rt::sys::Fd(ends[0])};
        auto talk = [](TcpStream* reader, int writer) -> rt::Async<std::string> {
            auto first = reader->read(100);
            auto second = [writer](rt::Context&) -> rt::Poll<void> {
                CHECK(::send(writer, "abc", 3, 0) + ::send(writer, "def", 3, 0) == 6);
                return rt::Ready();
            };
            auto both = rt::join(std::move(first), rt::poll_fn(second));
            auto read = co_await both;
            Chunk more = co_await reader->read(100);
            co_return std::string(std::get<0>(read).view()) + std::string(more.view());
        };
        rt::CurrentThread runtime;
        step("two messages come while a read waits");
        CHECK(runtime.block_on(talk(&stream, peer.get())) == "abcdef");
    }

    TEST_CASE("a refused connection is an error with its address") {
        rt::CurrentThread runtime;
        rt::SocketAddr nobody = TcpListener::listen(loopback()).local_addr();
        step("nobody listens there any more");
        CHECK(failure_of(TcpStream::connect(nobody), runtime) ==
              fmt::format("cannot connect to {}: Connection refused", nobody));
        CHECK(failure_of(TcpStream::connect("127.0.0.1", nobody.port()), runtime) ==
              fmt::format("cannot connect to {}: Connection refused", nobody));
        CHECK(failure_of(TcpStream::connect(nobody.to_string()), runtime) ==
              fmt::format("cannot connect to {}: Connection refused", nobody));
    }

    TEST_CASE("addresses are tried in turn") {
        // The first address of the name refuses, because the listener is at 127.0.0.1 only.
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        TcpStream stream = runtime.block_on(TcpStream::connect(two_addresses, listener.local_addr().port()));
        CHECK(stream.peer_addr() == listener.local_addr());
    }

    TEST_CASE("each side knows both addresses") {
        Connection c;
        CHECK(c.stream.local_addr() == c.listener.local_addr());
        CHECK(c.stream.peer_addr().ip() == "127.0.0.1");
        CHECK(c.stream.peer_addr().port() != c.stream.local_addr().port());
    }

    TEST_CASE("set_nodelay reaches the socket") {
        Connection c;
        auto nodelay = [&c] {
            int value = -1;
            socklen_t size = sizeof value;
            CHECK(::getsockopt(c.stream.fd(), IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
            return value != 0;
        };
        CHECK_FALSE(nodelay());
        c.stream.set_nodelay(true);
        CHECK(nodelay());
        c.stream.set_nodelay(false);
        CHECK_FALSE(nodelay());
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

    TEST_CASE("write_all of nothing is done at once") {
        Connection c;
        c.runtime.block_on(c.stream.write_all(""));
        c.client.close();
        c.runtime.block_on(c.stream.write_all(""));
        CHECK(true);
    }

    TEST_CASE("read_to_string has a limit") {
        Connection c;
        c.client.send("12345678901");
        CHECK(failure_of(c.stream.read_to_string(10), c.runtime) ==
              "read_to_string: the stream is longer than the limit: Message too long");
    }
}
