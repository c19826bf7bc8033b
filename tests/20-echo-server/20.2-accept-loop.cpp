#include "accepting.hpp"
#include "server.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/print.hpp>
#include <rt/sleep.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// Allows no new descriptor for a second of a paused clock.
rt::Async<> take_descriptors_away() {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    co_await rt::sleep(1s);
    ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace

TEST_SUITE("20.2 clients") {
    TEST_CASE("a task for each client") {
        auto story = []() -> rt::Async<> {
            Accepting server(1000, echo_back);
            std::vector<rt::TcpStream> clients;
            for (int n = 0; n < 10; ++n) {
                clients.push_back(co_await rt::TcpStream::connect(server.address));
            }
            step("the last is answered, though those before it say nothing");
            bool last_is_answered = co_await is_answered_soon(&clients.back(), "hello from the last");
            CHECK_MESSAGE(last_is_answered, "one silent client keeps the loop from the others. Spawn a task for each.");
            if (!last_is_answered) {
                co_return;
            }
            step("each is answered");
            for (std::size_t n = clients.size(); n-- > 0;) {
                bool answered = co_await is_answered_soon(&clients[n], "hello from " + std::to_string(n));
                CHECK(answered);
            }
            CHECK_MESSAGE(server.clients.accepted == 10, "count the clients in `accepted`");
            CHECK_MESSAGE(server.clients.tasks.size() == 10, "the tasks belong to the JoinSet, which ends them");
        };
        run(story());
    }

    TEST_CASE("one too many waits until another has gone") {
        auto story = []() -> rt::Async<> {
            Accepting server(2, echo_back);
            rt::TcpStream one = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream two = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream three = co_await rt::TcpStream::connect(server.address);
            step("the first two are answered");
            bool first = co_await is_answered_soon(&one, "1");
            bool second = co_await is_answered_soon(&two, "2");
            CHECK(first);
            CHECK_MESSAGE(second, "two clients are allowed, and the second one waits");
            auto waiting = rt::spawn(is_answered(&three, "and I?"));
            step("the third is not, however often the first is");
            for (int i = 0; i < 10; ++i) {
                bool again = co_await is_answered(&one, "again");
                CHECK(again);
                CHECK_MESSAGE(!waiting.is_finished(), "two clients are allowed, and a third one did not wait for room");
            }
            step("the second leaves, and the third is answered");
            { rt::TcpStream gone = std::move(two); }
            bool answered = co_await waiting;
            CHECK(answered);
        };
        run(story());
    }

    TEST_CASE("a client for whom there is no room stays in the kernel's queue") {
        auto story = []() -> rt::Async<> {
            Accepting server(1, echo_back);
            rt::TcpStream one = co_await rt::TcpStream::connect(server.address);
            bool first = co_await is_answered_soon(&one, "1");
            CHECK(first);
            int const before = open_descriptors();
            rt::TcpStream two = co_await rt::TcpStream::connect(server.address);
            for (int i = 0; i < 10; ++i) {
                bool again = co_await is_answered(&one, "again");
                CHECK(again);
            }
            CHECK_MESSAGE(open_descriptors() == before + 1,
                          "a client was accepted, and there is no room for it. Wait for room first, and accept then.");
        };
        run(story());
    }

    TEST_CASE("clients that have gone are forgotten") {
        auto story = []() -> rt::Async<> {
            Accepting server(1000, echo_back);
            for (int n = 0; n < 20; ++n) {
                rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
                bool answered = co_await is_answered_soon(&client, "hello");
                CHECK(answered);
                co_await client.shutdown();
                std::string rest = co_await client.read_to_string();
                CHECK(rest.empty());
            }
            CHECK_MESSAGE(server.clients.tasks.size() <= 2,
                          "the results of 20 clients that have gone take memory. Take them out of the JoinSet.");
            CHECK_MESSAGE(server.clients.accepted == 20, "count those that have gone, too");
        };
        run(story());
    }

    TEST_CASE("a handler that throws harms nobody") {
        auto story = []() -> rt::Async<> {
            auto moody = [](rt::TcpStream* stream) -> rt::Async<> {
                while (rt::Chunk chunk = co_await stream->read(4096)) {
                    if (chunk.view() == "boo") {
                        throw std::runtime_error("I am easily frightened");
                    }
                    co_await stream->write_all(chunk.view());
                }
            };
            Accepting server(1000, moody);
            rt::TcpStream good = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream bad = co_await rt::TcpStream::connect(server.address);
            step("one client frightens its handler");
            co_await bad.write_all("boo");
            std::string nothing = co_await bad.read_to_string();
            CHECK(nothing.empty());
            step("the other is answered, and so is a new one");
            bool answered = co_await is_answered_soon(&good, "still there?");
            CHECK(answered);
            rt::TcpStream late = co_await rt::TcpStream::connect(server.address);
            answered = co_await is_answered_soon(&late, "and I?");
            CHECK_MESSAGE(answered, "a handler threw, and the loop accepts no more clients");
        };
        run(story());
    }

    TEST_CASE("each client has a handler of its own") {
        auto story = []() -> rt::Async<> {
            auto greeter = [greeting = std::string("welcome to the server, whoever you are")](rt::TcpStream* stream) {
                auto greet = [](rt::TcpStream* s, std::string text) -> rt::Async<> { co_await s->write_all(text); };
                return greet(stream, greeting);
            };
            Accepting server(1000, greeter);
            for (int n = 0; n < 2; ++n) {
                step("client {} is greeted", n);
                rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
                std::string heard = co_await client.read_to_string();
                CHECK_MESSAGE(heard == "welcome to the server, whoever you are",
                              "the handler was moved into the task of an earlier client. Give each task a copy.");
            }
        };
        run(story());
    }

    TEST_CASE("a lack of descriptors is waited out") {
        auto story = []() -> rt::Async<> {
            Accepting server(1000, echo_back);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            rt::time::pause();
            step("a client waits, and there is no descriptor for it");
            co_await take_descriptors_away();
            CHECK_MESSAGE(
                !server.loop.is_finished(),
                "accept failed for a moment, and the loop ended for good. Take the next client from next_client.");
            step("now there is one");
            bool answered = co_await is_answered(&client, "and I?");
            CHECK(answered);
        };
        run(story());
    }

    TEST_CASE("a broken listener ends the loop") {
        auto story = []() -> rt::Async<> {
            Accepting server(1000, echo_back);
            rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
            bool answered = co_await is_answered_soon(&client, "hello");
            CHECK(answered);
            step("break the listener");
            ::shutdown(server.port, SHUT_RDWR);
            int code = 0;
            try {
                co_await server.loop;
            } catch (const std::system_error& error) {
                code = error.code().value();
            }
            CHECK(code == EINVAL);
        };
        run(story());
    }

    TEST_CASE("a client without memory for it harms nobody") {
        struct Handler {
            explicit Handler(std::shared_ptr<bool> m) : has_memory(std::move(m)) {}
            Handler(const Handler& other) : has_memory(other.has_memory) {
                if (!*has_memory) {
                    throw std::bad_alloc();
                }
            }
            Handler(Handler&&) = default;
            rt::Async<> operator()(rt::TcpStream* stream) const { return echo_back(stream); }

            std::shared_ptr<bool> has_memory;
        };
        auto story = []() -> rt::Async<> {
            auto has_memory = std::make_shared<bool>(true);
            Accepting server(1000, Handler(has_memory));
            rt::TcpStream first = co_await rt::TcpStream::connect(server.address);
            bool answered = co_await is_answered_soon(&first, "1");
            CHECK(answered);
            *has_memory = false;
            step("a client for which there is no memory");
            rt::TcpStream second = co_await rt::TcpStream::connect(server.address);
            std::string nothing = co_await second.read_to_string();
            CHECK(nothing.empty());
            answered = co_await is_answered_soon(&first, "still there?");
            CHECK(answered);
            *has_memory = true;
            step("a client for which there is some again");
            rt::TcpStream third = co_await rt::TcpStream::connect(server.address);
            answered = co_await is_answered_soon(&third, "3");
            CHECK(answered);
            CHECK_MESSAGE(server.clients.accepted == 2, "count a client when its task is there");
        };
        run(story());
    }
}
