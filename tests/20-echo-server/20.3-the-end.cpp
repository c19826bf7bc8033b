#include "running.hpp"
#include "server.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/notify.hpp>
#include <rt/serve.hpp>
#include <rt/sleep.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <rt/yield_now.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/socket.h>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// What the client hears until the end.
rt::Async<std::string> rest_of_it(rt::TcpStream* stream) {
    try {
        std::string heard = co_await stream->read_to_string();
        co_return heard;
    } catch (const std::system_error&) {
        co_return "(the connection was reset)";
    }
}

constexpr char not_told[] =
    "after an error the server waited for its whole drain time, because the clients were not told to stop. Tell them behind "
    "the try block, whatever ended the loop.";

}  // namespace

TEST_SUITE("20.3 the end") {
    TEST_CASE("a server that nobody has met ends at once") {
        auto story = []() -> rt::Async<std::size_t> {
            rt::TcpListener listener = listen();
            co_return co_await rt::serve(std::move(listener), rt::ServeLimits(), rt::ready(), echo_back);
        };
        rt::CurrentThread runtime;
        step("serve until a moment that is now");
        CHECK(runtime.block_on(story()) == 0);
    }

    TEST_CASE("as many clients at a time as the limits say") {
        auto story = []() -> rt::Async<> {
            Running server = start(rt::ServeLimits(1, 5s), echo_back);
            rt::TcpStream one = co_await rt::TcpStream::connect(server.address);
            bool answered = co_await is_answered(&one, "1");
            CHECK(answered);
            rt::TcpStream two = co_await rt::TcpStream::connect(server.address);
            auto waiting = rt::spawn(is_answered(&two, "and I?"));
            step("one client is allowed, so the second waits, however often the first is answered");
            for (int i = 0; i < 10; ++i) {
                answered = co_await is_answered(&one, "again");
                CHECK(answered);
            }
            CHECK_MESSAGE(
                !waiting.is_finished(),
                "limits.connections is 1, and two clients were served. Hand the limit to the accept loop as it is.");
            step("the first leaves, and the second is answered");
            { rt::TcpStream gone = std::move(one); }
            answered = co_await waiting;
            CHECK(answered);
            std::size_t served = co_await stop(&server);
            CHECK(served == 2);
        };
        run(story());
    }

    TEST_CASE("what was sent before the end is answered") {
        auto story = []() -> rt::Async<> {
            Running server = start(rt::ServeLimits(), echo_back);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            co_await client.write_all("hello");
            rt::Chunk hello = co_await client.read(100);
            CHECK(hello.view() == "hello");
            step("say last words, and stop the server before it can read them");
            co_await client.write_all("last words");
            std::size_t served = co_await stop(&server);
            CHECK(served == 1);
            std::string heard = co_await rest_of_it(&client);
            CHECK_MESSAGE(heard == "last words", "the server did not wait for its clients. Give them time to answer.");
        };
        run(story());
    }

    TEST_CASE("idle clients do not delay the end") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            Running server = start(rt::ServeLimits(10, 5s), echo_back);
            std::vector<rt::TcpStream> clients;
            for (int i = 0; i < 3; ++i) {
                clients.push_back(co_await rt::TcpStream::connect(server.address));
                bool answered = co_await is_answered(&clients.back(), "hello");
                CHECK(answered);
            }
            auto before = rt::time::now();
            std::size_t served = co_await stop(&server);
            CHECK(served == 3);
            CHECK_MESSAGE(rt::time::now() - before == 0s,
                          "three idle clients could have gone at once, and one was not told. Tell all of them.");
        };
        run(story());
    }

    TEST_CASE("the port is closed at once") {
        auto story = []() -> rt::Async<> {
            auto begun = std::make_shared<rt::Notify>();
            auto hold = std::make_shared<rt::Notify>();
            auto stubborn = [begun, hold](rt::TcpStream*) {
                begun->notify_one();
                return hold->notified();
            };
            Running server = start(rt::ServeLimits(), stubborn);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            auto has_begun = begun->notified();
            co_await has_begun;
            std::move(server.stop).send(1);
            step("a new client is refused while the old one is still served");
            bool refused = false;
            for (int i = 0; i < 100 && !refused; ++i) {
                co_await rt::yield_now();
                try {
                    rt::TcpStream late = co_await rt::TcpStream::connect(server.address);
                } catch (const std::system_error& error) {
                    // Reset: it had come into the queue just before the port was closed.
                    refused = error.code() == std::errc::connection_refused;
                    CHECK((refused || error.code() == std::errc::connection_reset));
                }
            }
            CHECK_MESSAGE(refused,
                          "the port is still open while the last clients are served. What still has the listener?");
            CHECK_FALSE(server.handle.is_finished());
            step("the old one ends");
            hold->notify_waiters();
            std::size_t served = co_await server.handle;
            CHECK(served == 1);
        };
        run(story());
    }

    TEST_CASE("whoever is not done in time is dropped") {
        DropCounter handlers;
        auto story = [](DropCounter::Token token) -> rt::Async<> {
            rt::time::pause();
            auto started = std::make_shared<rt::Notify>();
            auto stubborn = [token, started](rt::TcpStream*) {
                auto wait = [](DropCounter::Token, std::shared_ptr<rt::Notify> begun) -> rt::Async<> {
                    begun->notify_one();
                    co_await rt::pending();
                };
                return wait(token, started);
            };
            Running server = start(rt::ServeLimits(10, 5s), stubborn);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            auto begun = started->notified();
            co_await begun;
            auto before = rt::time::now();
            step("stop a server whose handler never ends");
            bool ended = true;
            try {
                co_await rt::timeout(1h, stop(&server));
            } catch (const rt::Elapsed&) {
                bool const of_the_drain = rt::time::now() - before < 1h;
                CHECK_MESSAGE(!of_the_drain, "serve threw Elapsed at the end of the drain time. Catch that one.");
                ended = of_the_drain;
            }
            CHECK_MESSAGE(ended,
                          "a handler that never ends keeps the server from its end. Wait at most for limits.drain.");
            CHECK(rt::time::now() - before == 5s);
        };
        run(story(handlers.token()));
        CHECK(handlers.alive() == 0);
    }

    TEST_CASE("the drain time is for all clients together") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            // The first client goes 3 s after the end, the second never.
            auto handler = [first = std::make_shared<bool>(true)](rt::TcpStream* stream) {
                auto serve_it = [](rt::TcpStream* s, bool goes) -> rt::Async<> {
                    co_await s->write_all("x");
                    co_await s->read(100);
                    if (goes) {
                        co_await rt::sleep(3s);
                    } else {
                        co_await rt::pending();
                    }
                };
                return serve_it(stream, std::exchange(*first, false));
            };
            Running server = start(rt::ServeLimits(10, 5s), handler);
            std::vector<rt::TcpStream> clients;
            for (int i = 0; i < 2; ++i) {
                clients.push_back(co_await rt::TcpStream::connect(server.address));
                rt::Chunk greeting = co_await clients.back().read(100);
                CHECK(greeting.view() == "x");
            }
            auto before = rt::time::now();
            std::size_t served = co_await stop(&server);
            CHECK(served == 2);
            CHECK_MESSAGE(rt::time::now() - before == 5s, "the drain time began anew when a client went");
        };
        run(story());
    }

    TEST_CASE("the drain time begins at the stop") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            auto slow = [](rt::TcpStream* stream) -> rt::Async<> {
                std::string words = co_await stream->read_to_string();
                co_await rt::sleep(3s);
                co_await stream->write_all(words);
            };
            Running server = start(rt::ServeLimits(10, 5s), slow);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            co_await client.write_all("hello");
            step("the server runs for an hour, and stops. Its handler needs 3 s more");
            co_await rt::sleep(1h);
            std::size_t served = co_await stop(&server);
            CHECK(served == 1);
            std::string heard = co_await rest_of_it(&client);
            CHECK_MESSAGE(heard == "hello", "5 s were allowed for the end, and the handler was dropped before");
        };
        run(story());
    }

    TEST_CASE("a broken listener is an error once the clients have gone") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            rt::TcpListener listener = listen();
            rt::SocketAddr address = listener.local_addr();
            int const port = listener.fd();
            // Answers the last words after the moment at which the server finds its listener broken.
            auto slow = [](rt::TcpStream* stream) -> rt::Async<> {
                co_await stream->write_all("hello");
                std::string words = co_await stream->read_to_string();
                co_await rt::sleep(10ms);
                co_await stream->write_all(words);
            };
            auto server = rt::spawn(rt::serve(std::move(listener), rt::ServeLimits(), rt::pending(), slow));
            rt::TcpStream client = co_await rt::TcpStream::connect(address);
            rt::Chunk hello = co_await client.read(100);
            CHECK(hello.view() == "hello");
            step("say last words, and break the listener");
            co_await client.write_all("last words");
            auto before = rt::time::now();
            ::shutdown(port, SHUT_RDWR);
            std::string heard = co_await rest_of_it(&client);
            REQUIRE_MESSAGE(rt::time::now() - before < 5s, not_told);
            CHECK_MESSAGE(heard == "last words", "an error of the listener cost a client its answer");
            std::string said;
            try {
                co_await server;
            } catch (const std::exception& error) {
                said = error.what();
            }
            CHECK_MESSAGE(said == "accept: Invalid argument",
                          "the caller doesn't hear of the error. Throw it after the last client.");
        };
        run(story());
    }

    TEST_CASE("a stop that throws is an error once the clients have gone") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            rt::TcpListener listener = listen();
            rt::SocketAddr address = listener.local_addr();
            auto told = std::make_shared<rt::Notify>();
            auto stop = [](std::shared_ptr<rt::Notify> now) -> rt::Async<> {
                auto notified = now->notified();
                co_await notified;
                throw std::runtime_error("no signal can be had");
            };
            auto server = rt::spawn(rt::serve(std::move(listener), rt::ServeLimits(), stop(told), echo_back));
            rt::TcpStream client = co_await rt::TcpStream::connect(address);
            bool answered = co_await is_answered(&client, "hello");
            CHECK(answered);
            co_await client.write_all("last words");
            step("the future that says when to stop throws");
            auto before = rt::time::now();
            told->notify_one();
            std::string heard = co_await rest_of_it(&client);
            REQUIRE_MESSAGE(rt::time::now() - before < 5s, not_told);
            CHECK_MESSAGE(heard == "last words", "an error of the stop cost a client its answer");
            std::string said;
            try {
                co_await server;
            } catch (const std::exception& error) {
                said = error.what();
            }
            CHECK_MESSAGE(said == "no signal can be had",
                          "the caller doesn't hear of the error. Throw it after the last client.");
        };
        run(story());
    }

    TEST_CASE("an error is thrown although a client never goes") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            rt::TcpListener listener = listen();
            rt::TcpStream client = co_await rt::TcpStream::connect(listener.local_addr());
            auto stop = []() -> rt::Async<> {
                co_await rt::sleep(1s);
                throw std::runtime_error("no signal can be had");
            };
            auto never = [](rt::TcpStream*) { return rt::pending(); };
            step("the stop throws, and the drain time ends before the client goes");
            std::string said;
            try {
                co_await rt::serve(std::move(listener), rt::ServeLimits(10, 5s), stop(), never);
            } catch (const std::exception& error) {
                said = error.what();
            }
            CHECK_MESSAGE(said == "no signal can be had",
                          "the drain time was over, and the error was lost. Throw it then, too.");
        };
        run(story());
    }

    TEST_CASE("a client that was accepted at the last moment hears of it") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            for (int round = 0; round < 8; ++round) {
                rt::TcpListener listener = listen();
                rt::TcpStream silent = co_await rt::TcpStream::connect(listener.local_addr());
                auto before = rt::time::now();
                step("stop a server one poll after it has begun, round {}", round);
                // Its client, if it was accepted, is in the queue then, and has not been polled.
                auto server =
                    rt::spawn(rt::serve(std::move(listener), rt::ServeLimits(10, 5s), rt::Countdown(1), echo_back));
                std::size_t served = co_await server;
                CHECK(served <= 1);
                CHECK(rt::time::now() - before == 0s);
            }
        };
        run(story());
    }
}
