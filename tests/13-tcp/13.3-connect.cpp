/// \file
/// 13.3: connecting to a server.
#include "connection.hpp"
#include "descriptor_limit.hpp"
#include "fake_names.hpp"
#include "slow_connect.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join.hpp>
#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <rt/tcp.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <tuple>

#include <fmt/format.h>

using namespace support;
using rt::SocketAddr, rt::TcpListener, rt::TcpStream;

namespace {

/// Connects, but gives up after this many polls. Yields whether it ended.
rt::Async<bool> connects_within(int polls, SocketAddr address) {
    auto connecting = ends_within(polls, TcpStream::connect(address));
    co_return co_await connecting;
}

}  // namespace

TEST_SUITE("13.3 connect") {
    TEST_CASE("a client arrives at the listener") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        step("connect, but give up after 1000 polls");
        bool connected = false;
        try {
            connected = runtime.block_on(connects_within(1000, listener.local_addr()));
        } catch (const std::system_error& error) {
            step("connect threw: {}", error.what());
            FAIL(
                "the listener is there, but connect threw. If this says \"in progress\", the connect goes on, and is no error. "
                "sys::connect answers -EINPROGRESS then, and leaves errno alone.");
        }
        REQUIRE_MESSAGE(connected,
                        "the listener is there, but connect waits on. Ask connect again when the event comes.");
        rt::sys::Fd client(rt::sys::accept(listener.fd()));
        REQUIRE_MESSAGE(client,
                        "connect yielded a stream, but no client has come to the listener. Call poll_connect in a "
                        "future, and co_await that future.");
    }

    TEST_CASE("both ends on one thread") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        step("say hello to {}", listener.local_addr());
        auto [served, heard] = runtime.block_on(rt::join(echo_one(&listener), say(listener.local_addr(), "hello")));
        CHECK(served == 5);
        CHECK(heard == "hello");
    }

    TEST_CASE("a refused connection is an error with its address") {
        rt::CurrentThread runtime;
        ClosedPort closed;
        SocketAddr const nobody = closed.address();
        step("the port has an address, but nobody listens there");
        std::string const refused = fmt::format("cannot connect to {}: Connection refused", nobody);
        REQUIRE_MESSAGE(
            failure_of(TcpStream::connect(nobody), runtime) == refused,
            "nobody listens there, so connect must throw what the kernel answers, with `what` before it. While "
            "the connect is in progress, answer -EAGAIN. An answer of 0 or more means \"connected\".");
        CHECK_MESSAGE(
            failure_of(TcpStream::connect("127.0.0.1", nobody.port()), runtime) == refused,
            "the only address has refused. Let its exception go to the caller as it is: a copy of its base class "
            "loses the reason.");
        CHECK(failure_of(TcpStream::connect(nobody.to_string()), runtime) == refused);
    }

    TEST_CASE("a connect that is in progress waits") {
        rt::CurrentThread runtime;
        FullPort port;
        step("the listener has no room for a second client, so the kernel does not answer it");
        bool ended = false;
        std::string error;
        try {
            ended = runtime.block_on(connects_within(3, port.address()));
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(error.empty(), "the connect is in progress, which is no error. Let poll_io wait.");
        CHECK_MESSAGE(!ended, "connect yielded a stream that is not connected. Wait until the kernel says that it is.");
    }

    TEST_CASE("a connect that is asked for again is still in progress") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        SlowConnect slow;
        step("an event comes, but connect answers -EALREADY from now on: it is still in progress");
        bool ended = false;
        std::string error;
        try {
            ended = runtime.block_on(connects_within(1000, listener.local_addr()));
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK(slow.calls > 1);
        CHECK_MESSAGE(error.empty(),
                      "-EALREADY was taken for an error. The connect is still in progress, so answer -EAGAIN.");
        CHECK_MESSAGE(!ended, "-EALREADY was taken for success. The connect is still in progress, so answer -EAGAIN.");
    }

    TEST_CASE("a connect that has failed does not wait on") {
        rt::CurrentThread runtime;
        ClosedPort closed;
        SocketAddr const nobody = closed.address();
        step("connect, where nobody listens: the kernel knows that at once; give up after 1000 polls");
        bool waits_on = false;
        try {
            waits_on = !runtime.block_on(connects_within(1000, nobody));
        } catch (const std::system_error&) {
            step("it has failed");
        }
        CHECK_MESSAGE(
            !waits_on,
            "the connect has failed, and waits on. Wait only while connect answers that it is in progress, and throw any "
            "other error.");
    }

    TEST_CASE("a short read of a connected stream saves the next call") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        auto main = [](TcpListener* at) -> rt::Async<bool> {
            TcpStream stream = co_await TcpStream::connect(at->local_addr());
            rt::sys::Fd server(rt::sys::accept(at->fd()));
            auto refused = ends_within(2, stream.read(std::size_t{100}));
            co_await refused;
            rt::sys::send(server.get(), "ab");
            co_await stream.read(100);
            step("2 bytes came, though there was room for 100: the kernel has no more");
            rt::sys::send(server.get(), "cd");
            auto at_once = ends_within(1, stream.read(std::size_t{100}));
            co_return co_await at_once;
        };
        CHECK_MESSAGE(
            !runtime.block_on(main(&listener)),
            "the read asked the kernel again, though the one before was short. Make the TcpStream with `true`, "
            "because its socket is a TCP socket.");
    }

    TEST_CASE("addresses are tried in turn") {
        rt::CurrentThread runtime;
        step("the first address of the name refuses, because the listener is at the second");
        TcpListener listener = TcpListener::listen(loopback());
        SocketAddr const second = listener.local_addr();
        SocketAddr found;
        try {
            found = runtime.block_on(TcpStream::connect(two_addresses, second.port())).peer_addr();
        } catch (const std::system_error& error) {
            step("{}", error.what());
        }
        CHECK_MESSAGE(found == second,
                      "the first address refused, and the second was not tried. Catch a std::system_error.");
    }

    TEST_CASE("the address in the middle is tried too") {
        rt::CurrentThread runtime;
        step("the name has three addresses. The first one refuses, and the listener is at the second one");
        TcpListener listener = TcpListener::listen(SocketAddr::from_ip("127.0.0.2", 0).value());
        SocketAddr found;
        try {
            found = runtime.block_on(TcpStream::connect(three_addresses, listener.local_addr().port())).peer_addr();
        } catch (const std::system_error& error) {
            step("{}", error.what());
        }
        CHECK_MESSAGE(found == listener.local_addr(),
                      "the second of three addresses would have answered. Try one after the other until one does.");
    }

    TEST_CASE("an address that cannot be reached is followed by the next") {
        rt::CurrentThread runtime;
        step("there is no way to the first address of the name, and the listener is at the second");
        TcpListener listener = TcpListener::listen(loopback());
        std::string error;
        try {
            (void)runtime.block_on(TcpStream::connect(unreachable_first, listener.local_addr().port()));
        } catch (const std::system_error& thrown) {
            error = thrown.what();
        }
        CHECK_MESSAGE(error.empty(), error,
                      ". The second address would have answered. Try it whatever the reason why the first one failed.");
    }

    TEST_CASE("the first address that answers is taken") {
        rt::CurrentThread runtime;
        step("the listener is at all addresses");
        TcpListener listener = TcpListener::listen(SocketAddr::from_ip("0.0.0.0", 0).value());
        TcpStream stream = runtime.block_on(TcpStream::connect(two_addresses, listener.local_addr().port()));
        CHECK_MESSAGE(stream.peer_addr().ip() == "127.0.0.2",
                      "the system gives addresses in the order in which it wants them tried");
        CHECK(stream.peer_addr().port() == listener.local_addr().port());
    }

    TEST_CASE("a name whose addresses all refuse gives the error of the last") {
        rt::CurrentThread runtime;
        ClosedPort closed;
        SocketAddr const nobody = closed.address();
        CHECK_MESSAGE(failure_of(TcpStream::connect(two_addresses, nobody.port()), runtime) ==
                          fmt::format("cannot connect to {}: Connection refused", nobody),
                      "no address answered. Let the exception of the last one go to the caller.");
        CHECK_MESSAGE(ended_connects.load() == 2,
                      "the name has two addresses, but there were not two connects. Try each address once.");
    }

    TEST_CASE("a connect without a socket is an error with its address") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        step("the process may open no more descriptors");
        std::string error;
        {
            DescriptorLimit limit(0);
            error = failure_of(TcpStream::connect(listener.local_addr()), runtime);
        }
        CHECK_MESSAGE(
            error == fmt::format("cannot connect to {}: Too many open files", listener.local_addr()),
            "there is no room for the socket, so connect must say where it wanted to go. Give `tcp_socket` the name "
            "`what`, too.");
    }

    TEST_CASE("no descriptor is left open") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        ClosedPort closed;
        SocketAddr const nobody = closed.address();
        CHECK(failure_of(TcpStream::connect(nobody), runtime).ends_with("Connection refused"));
        int before = open_descriptors();
        for (int i = 0; i < 5; ++i) {
            TcpStream connected = runtime.block_on(TcpStream::connect(listener.local_addr()));
            TcpStream accepted = runtime.block_on(listener.accept());
            CHECK(open_descriptors() == before + 2);
            step("drop both ends");
        }
        CHECK_MESSAGE(open_descriptors() == before, "both ends were dropped, and a descriptor is still open");
        CHECK(failure_of(TcpStream::connect(nobody), runtime).ends_with("Connection refused"));
        CHECK_MESSAGE(open_descriptors() == before,
                      "a connect failed, and its descriptor is still open. Let an object own it before you connect.");
    }
}
