/// An exercise without a starter: a server that ends when nobody needs it.
///
/// Some servers are started when the first client comes (systemd does that), and end by themselves. Write
/// `exercise::serve_while_needed(listener, limits, quiet, handler)`, a template, and a future of a `std::size_t`:
///  - It serves clients as `rt::serve(listener, limits, stop, handler)` does, and yields how many there were.
///  - It ends when no client has been connected for the time `quiet`, a `std::chrono::milliseconds`. That also ends a server
///    to which nobody has ever come.
///  - A client that is connected keeps the server from its end, even if it says nothing.
///  - When the last client has gone, for whatever reason, `quiet` begins anew.
///
/// `rt::serve` does nearly all of it. You need a `stop`, and a handler around the handler.
///
/// Write it into mine/20-echo-server/exercise.hpp. The file needs `#pragma once`, `#include <rt/serve.hpp>`, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include "server.hpp"

#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/serve.hpp>
#include <rt/sleep.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// A server with 10 s of patience, and its address. Throws at "boo".
class Needed {
  public:
    Needed() : Needed(listen()) {}

    rt::SocketAddr address;
    rt::JoinHandle<std::size_t> handle;

  private:
    static rt::Async<> moody(rt::TcpStream* stream) {
        while (rt::Chunk chunk = co_await stream->read(4096)) {
            if (chunk.view() == "boo") {
                throw rt::Elapsed();
            }
            co_await stream->write_all(chunk.view());
        }
    }

    explicit Needed(rt::TcpListener listener)
        : address(listener.local_addr()),
          handle(rt::spawn(exercise::serve_while_needed(std::move(listener), rt::ServeLimits(), 10s, moody))) {}
};

}  // namespace

TEST_SUITE("20 exercise a server that ends when nobody needs it") {
    TEST_CASE("without a client it ends after the quiet time") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            auto before = rt::time::now();
            Needed server;
            std::size_t served = co_await server.handle;
            CHECK(served == 0);
            CHECK(rt::time::now() - before == 10s);
        };
        run(story());
    }

    TEST_CASE("a client that says nothing keeps it") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            auto before = rt::time::now();
            Needed server;
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            bool answered = co_await is_answered(&client, "hello");
            CHECK(answered);
            step("an hour later");
            co_await rt::sleep(1h);
            CHECK_FALSE(server.handle.is_finished());
            step("the client goes");
            client = rt::TcpStream();
            std::size_t served = co_await server.handle;
            CHECK(served == 1);
            CHECK(rt::time::now() - before == 1h + 10s);
        };
        run(story());
    }

    TEST_CASE("each client begins the quiet time anew") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            auto before = rt::time::now();
            Needed server;
            for (int n = 0; n < 3; ++n) {
                step("6 s later a client comes and goes");
                co_await rt::sleep(6s);
                rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
                bool answered = co_await is_answered(&client, "hello");
                CHECK(answered);
            }
            std::size_t served = co_await server.handle;
            CHECK(served == 3);
            CHECK(rt::time::now() - before == 3 * 6s + 10s);
        };
        run(story());
    }

    TEST_CASE("one of two clients goes") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            Needed server;
            rt::TcpStream one = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream two = co_await rt::TcpStream::connect(server.address);
            bool first = co_await is_answered(&one, "1");
            bool second = co_await is_answered(&two, "2");
            CHECK(first);
            CHECK(second);
            step("one goes, and a minute later the other one is answered");
            one = rt::TcpStream();
            co_await rt::sleep(60s);
            CHECK_FALSE(server.handle.is_finished());
            second = co_await is_answered(&two, "still there?");
            CHECK(second);
            two = rt::TcpStream();
            std::size_t served = co_await server.handle;
            CHECK(served == 2);
        };
        run(story());
    }

    TEST_CASE("a client whose handler throws has gone") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            auto before = rt::time::now();
            Needed server;
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            co_await client.write_all("boo");
            std::string rest = co_await client.read_to_string();
            CHECK(rest.empty());
            std::size_t served = co_await server.handle;
            CHECK(served == 1);
            CHECK_MESSAGE(rt::time::now() - before == 10s, "the client was counted, and was never counted out");
        };
        run(story());
    }
}
