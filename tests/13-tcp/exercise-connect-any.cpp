/// An exercise without a starter: connect to whichever of several addresses answers first.
///
/// `TcpStream::connect` tries one address after the other. If the first one doesn't answer, it waits for minutes. Write
/// `exercise::connect_any(addresses)`, which takes a `std::vector<rt::SocketAddr>`, and returns a future of an `rt::TcpStream`:
///  - It connects to all addresses at the same time, and yields the first connection that is there.
///  - The other connects are given up. None of their descriptors stays open.
///  - If none answers, it throws the error of the last one that failed.
///  - Without any address, it throws a std::invalid_argument.
///
/// Browsers do that, with a short head start for the first address ("Happy Eyeballs", RFC 8305).
///
/// Write it into mine/13-tcp/exercise.hpp. The file needs `#pragma once`, `#include <rt/tcp.hpp>`, and `namespace exercise`. The
/// loop judges it as soon as the file exists and the rest of the lesson is green.
#include "connection.hpp"

#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/tcp.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using rt::Async, rt::SocketAddr, rt::TcpListener, rt::TcpStream;

namespace {

/// The connection to the first of `addresses` that answers. Then gives the others a few turns to go.
Async<TcpStream> connect(std::vector<SocketAddr> addresses) {
    auto connecting = exercise::connect_any(std::move(addresses));
    TcpStream stream = co_await connecting;
    co_await rt::Countdown(10);
    co_return stream;
}

}  // namespace

TEST_SUITE("13 exercise the first address that answers") {
    TEST_CASE("one address that answers") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        CHECK(runtime.block_on(connect({listener.local_addr()})).peer_addr() == listener.local_addr());
    }

    TEST_CASE("an address that refuses does no harm") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        ClosedPort first;
        ClosedPort last;
        step("two addresses refuse, and the one between them answers");
        TcpStream stream = runtime.block_on(connect({first.address(), listener.local_addr(), last.address()}));
        CHECK(stream.peer_addr() == listener.local_addr());
    }

    TEST_CASE("nobody waits for an address that does not answer") {
        rt::CurrentThread runtime;
        FullPort silent;
        TcpListener listener = TcpListener::listen(loopback());
        step("the first address doesn't answer, and the second one does");
        bool const ended = runtime.block_on(ends_within(1000, connect({silent.address(), listener.local_addr()})));
        CHECK_MESSAGE(ended, "the first connect is in progress, and nobody has begun the second. Spawn all of them.");
    }

    TEST_CASE("what is given up leaves no descriptor open") {
        rt::CurrentThread runtime;
        FullPort silent;
        TcpListener listener = TcpListener::listen(loopback());
        step("a first connection, after which the runtime has its own descriptors");
        (void)runtime.block_on(connect({silent.address(), listener.local_addr()}));
        int const before = open_descriptors();
        {
            TcpStream stream = runtime.block_on(connect({silent.address(), listener.local_addr(), silent.address()}));
            CHECK_MESSAGE(open_descriptors() == before + 1, "a connect that was given up still has its socket");
        }
        CHECK(open_descriptors() == before);
    }

    TEST_CASE("if all refuse then the error says so") {
        rt::CurrentThread runtime;
        ClosedPort first;
        ClosedPort second;
        std::string const error = failure_of(connect({first.address(), second.address()}), runtime);
        CHECK(error.starts_with("cannot connect to 127.0.0.1:"));
        CHECK(error.ends_with(": Connection refused"));
    }

    TEST_CASE("if all fail then the last error is thrown") {
        rt::CurrentThread runtime;
        // A broadcast address of the loopback device. The kernel refuses it in the call of connect, and sends nothing.
        SocketAddr const everybody = SocketAddr::from_ip("127.255.255.255", 80).value();
        ClosedPort closed;
        step("the first connect fails at once, and the second one is refused after that");
        std::string const error = failure_of(connect({everybody, closed.address()}), runtime);
        CHECK_MESSAGE(error.ends_with(": Connection refused"), "that isn't the error of the last connect that failed");
    }

    TEST_CASE("without an address there is nothing to connect to") {
        rt::CurrentThread runtime;
        CHECK_THROWS_AS((void)runtime.block_on(connect({})), std::invalid_argument);
    }
}
