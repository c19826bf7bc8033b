#include "running.hpp"
#include "server.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/serve.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include <fcntl.h>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("20.9 all together: a server") {
    TEST_CASE("a server that may keep nobody says so") {
        expect_violation(
            "rt::serve was called with limits.connections = 0",
            [] {
                auto listener = rt::TcpListener::listen(*rt::SocketAddr::from_ip("127.0.0.1", 0));
                rt::CurrentThread runtime;
                runtime.block_on(rt::serve(std::move(listener), rt::ServeLimits(0, 1s), rt::pending(), echo_back));
            },
            Noticed::in_every_build);
    }

    TEST_CASE("a handler that is dropped finds its stream open") {
        bool is_open = false;
        auto story = [](bool* result) -> rt::Async<> {
            rt::time::pause();
            struct Goodbye {
                Goodbye(rt::TcpStream* s, bool* o) : stream(s), open(o) {}
                ~Goodbye() { *open = ::fcntl(stream->fd(), F_GETFD) != -1; }

                rt::TcpStream* stream;
                bool* open;
            };
            auto handler = [result](rt::TcpStream* stream) {
                auto forever = [](rt::TcpStream* s, bool* open) -> rt::Async<> {
                    Goodbye goodbye(s, open);
                    co_await s->write_all("x");
                    co_await rt::pending();
                };
                return forever(stream, result);
            };
            Running server = start(rt::ServeLimits(10, 1s), handler);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            rt::Chunk greeting = co_await client.read(100);
            CHECK(greeting.view() == "x");
            step("stop the server, which drops the handler");
            co_await stop(&server);
        };
        run(story(&is_open));
        CHECK_MESSAGE(is_open, "a handler's stream was closed before the handler's future was destroyed");
    }

    TEST_CASE("a server that is dropped takes its clients with it") {
        DropCounter handlers;
        auto story = [](DropCounter::Token token) -> rt::Async<> {
            rt::TcpListener listener = listen();
            rt::SocketAddr address = listener.local_addr();
            auto echo_with = [token](rt::TcpStream* stream) {
                auto kept = [](rt::TcpStream* s, DropCounter::Token) -> rt::Async<> { co_await echo_back(s); };
                return kept(stream, token);
            };
            auto server = rt::spawn(rt::serve(std::move(listener), rt::ServeLimits(), rt::pending(), echo_with));
            rt::TcpStream client = co_await rt::TcpStream::connect(address);
            co_await client.write_all("there?");
            rt::Chunk there = co_await client.read(100);
            CHECK(there.view() == "there?");
            step("abort the server");
            server.abort();
            std::string rest = co_await client.read_to_string();
            CHECK(rest.empty());
        };
        run(story(handlers.token()));
        CHECK(handlers.alive() == 0);
    }

    TEST_CASE("a thousand clients on two threads") {
        auto client = [](rt::SocketAddr address, int n) -> rt::Async<bool> {
            rt::TcpStream stream = co_await rt::TcpStream::connect(address);
            co_return co_await is_answered(&stream, "client " + std::to_string(n));
        };
        auto story = [client]() -> rt::Async<> {  // house-rule: allow the lambda outlives the block_on below
            Running server = start(rt::ServeLimits(), echo_back);
            int right = 0;
            for (int round = 0; round < 10; ++round) {
                rt::JoinSet<bool> clients;
                for (int n = 0; n < 100; ++n) {
                    clients.spawn(client, server.address, n);
                }
                while (auto answered = co_await clients.join_next()) {
                    right += *answered ? 1 : 0;
                }
                still_alive();
            }
            CHECK(right == 1000);
            std::size_t served = co_await stop(&server);
            CHECK(served == 1000);
        };
        rt::MultiThread runtime(2);
        step("ten times a hundred clients at once");
        runtime.block_on(story());
    }
}
