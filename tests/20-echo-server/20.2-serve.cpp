#include "server.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/serve.hpp>
#include <rt/tcp.hpp>
#include <rt/timeout.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/story.hpp>
#include <support/watchdog.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// Sends and hears `text` again.
rt::Async<bool> is_answered(rt::TcpStream* stream, std::string text) {
    co_await stream->write_all(text);
    std::string answer(text.size(), ' ');
    std::size_t heard = 0;
    while (heard < answer.size()) {
        std::size_t count = co_await stream->read(std::span(answer).subspan(heard));
        if (count == 0) {
            co_return false;
        }
        heard += count;
    }
    co_return answer == text;
}

/// The same, unless it takes a second: half of what the watchdog allows.
rt::Async<bool> is_answered_soon(rt::TcpStream* stream, std::string text) {
    auto const patience = std::chrono::duration_cast<std::chrono::milliseconds>(patience_in_seconds() / 2 * 1s);
    try {
        bool answered = co_await rt::timeout(patience, is_answered(stream, std::move(text)));
        co_return answered;
    } catch (const rt::Elapsed&) {
        co_return false;
    }
}

}  // namespace

TEST_SUITE("20.2 serve") {
    TEST_CASE("a task for each client and a count at the end") {
        auto story = []() -> rt::Async<> {
            Running server = start(rt::ServeLimits(), echo);
            std::vector<rt::TcpStream> clients;
            for (int n = 0; n < 10; ++n) {
                clients.push_back(co_await rt::TcpStream::connect(server.address));
            }
            step("the last is answered, though those before it say nothing");
            bool last_is_answered = co_await is_answered_soon(&clients.back(), "hello from the last");
            CHECK(last_is_answered);
            if (!last_is_answered) {
                co_return;  // the server is busy with a silent client, and would not stop either
            }
            step("each is answered");
            for (std::size_t n = clients.size(); n-- > 0;) {
                bool answered = co_await is_answered(&clients[n], "hello from " + std::to_string(n));
                CHECK(answered);
            }
            clients.clear();
            std::size_t served = co_await stop(&server);
            CHECK(served == 10);
        };
        run(story());
    }

    TEST_CASE("one too many waits until another has gone") {
        auto story = []() -> rt::Async<> {
            Running server = start(rt::ServeLimits(2, 1s), echo);
            rt::TcpStream one = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream two = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream three = co_await rt::TcpStream::connect(server.address);
            co_await three.write_all("and I?");
            step("the first two are answered");
            bool first = co_await is_answered(&one, "1");
            bool second = co_await is_answered(&two, "2");
            CHECK(first);
            CHECK(second);
            auto waiting = rt::spawn(is_answered(&three, "now?"));
            step("the third is not, however often the first is");
            for (int i = 0; i < 10; ++i) {
                bool again = co_await is_answered(&one, "again");
                CHECK(again);
                CHECK_FALSE(waiting.is_finished());
            }
            step("the second leaves, and the third hears all it said");
            { rt::TcpStream gone = std::move(two); }
            bool misheard = co_await waiting;
            CHECK_FALSE(misheard);  // "and I?" came first
            one = rt::TcpStream();
            three = rt::TcpStream();
            std::size_t served = co_await stop(&server);
            CHECK(served == 3);
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
                    if (chunk.view() == "13") {
                        throw 13;
                    }
                    co_await stream->write_all(chunk.view());
                }
            };
            Running server = start(rt::ServeLimits(), moody);
            rt::TcpStream good = co_await rt::TcpStream::connect(server.address);
            rt::TcpStream bad = co_await rt::TcpStream::connect(server.address);
            step("one client frightens its handler");
            co_await bad.write_all("boo");
            rt::Chunk nothing = co_await bad.read(100);
            CHECK(nothing.empty());
            step("another makes its handler throw a number");
            rt::TcpStream worse = co_await rt::TcpStream::connect(server.address);
            co_await worse.write_all("13");
            nothing = co_await worse.read(100);
            CHECK(nothing.empty());
            step("the first is answered");
            bool answered = co_await is_answered(&good, "still there?");
            CHECK(answered);
            good = rt::TcpStream();
            std::size_t served = co_await stop(&server);
            CHECK(served == 3);
        };
        run(story());
    }

    TEST_CASE("a server that may keep nobody says so") {
        expect_violation(
            "rt::serve was called with limits.connections = 0",
            [] {
                auto listener = rt::TcpListener::listen(*rt::SocketAddr::from_ip("127.0.0.1", 0));
                rt::CurrentThread runtime;
                runtime.block_on(rt::serve(std::move(listener), rt::ServeLimits(0, 1s), rt::pending(), echo));
            },
            Noticed::in_every_build);
    }

    TEST_CASE("what a handler throws is said once per kind unless the client did it") {
        auto story = []() -> rt::Async<> {
            auto handler = [](rt::TcpStream* stream) -> rt::Async<> {
                rt::Chunk chunk = co_await stream->read(1);
                switch (chunk.view()[0]) {
                    case 'b': throw std::logic_error("a bug in the handler");
                    case 'd': throw std::system_error(EMFILE, std::system_category(), "open");
                    case 'r': throw std::system_error(ECONNRESET, std::system_category(), "read");
                    default: throw rt::Elapsed();
                }
            };
            Running server = start(rt::ServeLimits(), handler);
            for (char kind : std::string("bbdrbet")) {
                rt::TcpStream client = co_await rt::TcpStream::connect(server.address);
                co_await client.write_all(std::string_view(&kind, 1));
                co_await client.read_to_string();
            }
            co_await stop(&server);
        };
        const Ended ended = run_in_a_child([&] { run(story()); });
        CHECK_MESSAGE(ended.printed ==
                          "rt: a handler of rt::serve ended with an exception: a bug in the handler\n"
                          "rt: a handler of rt::serve ended with an exception: open: Too many open files\n",
                      "of two bugs, a reset, and a timeout, the bugs are to be said: ", ended.printed);
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
            rt::Async<> operator()(rt::TcpStream* stream) const { return echo(stream); }

            std::shared_ptr<bool> has_memory;
        };
        auto story = []() -> rt::Async<> {
            auto has_memory = std::make_shared<bool>(true);
            Running server = start(rt::ServeLimits(), Handler(has_memory));
            rt::TcpStream first = co_await rt::TcpStream::connect(server.address);
            bool answered = co_await is_answered(&first, "1");
            CHECK(answered);
            *has_memory = false;
            step("a client for which there is no memory");
            rt::TcpStream second = co_await rt::TcpStream::connect(server.address);
            std::string nothing = co_await second.read_to_string();
            CHECK(nothing.empty());
            answered = co_await is_answered(&first, "still there?");
            CHECK(answered);
            *has_memory = true;
            step("a client for which there is some again");
            rt::TcpStream third = co_await rt::TcpStream::connect(server.address);
            answered = co_await is_answered(&third, "3");
            CHECK(answered);
            first = rt::TcpStream();
            third = rt::TcpStream();
            std::size_t served = co_await stop(&server);
            CHECK(served == 2);
        };
        run(story());
    }

    TEST_CASE("a thousand clients on two threads") {
        auto client = [](rt::SocketAddr address, int n) -> rt::Async<bool> {
            rt::TcpStream stream = co_await rt::TcpStream::connect(address);
            co_return co_await is_answered(&stream, "client " + std::to_string(n));
        };
        auto story = [client]() -> rt::Async<> {  // house-rule: allow the lambda outlives the block_on below
            Running server = start(rt::ServeLimits(), echo);
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
