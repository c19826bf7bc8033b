/// \file
/// 13.9: what else a stream can do.
#include "connection.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/join.hpp>
#include <rt/tcp.hpp>
#include <rt/violation.hpp>
#include <support/story.hpp>

#include <array>
#include <string>
#include <tuple>
#include <utility>

#include <sys/socket.h>

using namespace support;
using rt::Chunk, rt::TcpStream;

static_assert(rt::AsyncRead<TcpStream> && rt::AsyncWrite<TcpStream>);
static_assert(rt::AsyncRead<rt::ReadHalf> && rt::AsyncWrite<rt::WriteHalf>);
static_assert(rt::checks_enabled || sizeof(TcpStream) <= 40);

TEST_SUITE("13.9 all together: listeners and streams in a runtime") {
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
