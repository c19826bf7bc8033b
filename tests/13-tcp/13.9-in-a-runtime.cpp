/// \file
/// 13.9: a connection and the tasks of a runtime.
#include <doctest/doctest.h>

#include "connection.hpp"

#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/scheduler.hpp>
#include <rt/task.hpp>
#include <rt/tcp.hpp>
#include <support/death.hpp>
#include <support/ends.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

using namespace support;
using rt::Chunk, rt::TcpListener, rt::TcpStream;

namespace {

rt::Async<std::string> read_all(rt::ReadHalf half) { co_return co_await half.read_to_string(); }

rt::Async<> write_all(rt::WriteHalf half, std::string bytes) { co_await half.write_all(bytes); }

}  // namespace

TEST_SUITE("13.9 all together: listeners and streams in a runtime") {
    TEST_CASE("both directions at once by halves") {
        Connection c;
        std::string text = pattern(1'000'000);
        std::string received;
        TestThread sender([&] {
            c.client.send(text);
            c.client.end();
        });
        TestThread receiver([&] { received = c.client.receive_all(); });
        auto main = [](TcpStream stream, std::string bytes) -> rt::Async<std::string> {
            auto halves = rt::split(std::move(stream));
            rt::JoinHandle<std::string> reading = rt::spawn(read_all(std::move(halves.first)));
            co_await write_all(std::move(halves.second), std::move(bytes));
            co_return co_await reading;
        };
        std::string read = c.runtime.block_on(main(std::move(c.stream), text));
        sender.join();
        receiver.join();
        CHECK((read == text));
        CHECK_MESSAGE(
            (received == text),
            "the client must receive all bytes and then the end, which the WriteHalf sends when it is destroyed");
    }

    TEST_CASE("a stream that is split is registered before its halves part") {
        TraceLog log{TraceLog::Kind::io_register};
        Connection c;
        auto main = [](TcpStream stream, TraceLog* l) -> rt::Async<int> {
            int before = l->count(TraceLog::Kind::io_register);
            auto halves = rt::split(std::move(stream));
            co_return l->count(TraceLog::Kind::io_register) - before;
        };
        CHECK_MESSAGE(c.runtime.block_on(main(std::move(c.stream), &log)) == 1,
                      "the halves are not registered yet: two threads will do it at the same time");
    }

    TEST_CASE("a WriteHalf that is dropped ends the writing") {
        Connection c;
        step("the client waits for at most 2 s");
        timeval const limit{.tv_sec = 2, .tv_usec = 0};
        CHECK(::setsockopt(c.client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
        auto main = [](TcpStream stream, Peer* client) -> rt::Async<std::string> {
            auto halves = rt::split(std::move(stream));
            co_await write_all(std::move(halves.second), "bye");
            CHECK(client->receive(3) == "bye");
            char byte = 0;
            CHECK_MESSAGE(
                ::recv(client->fd(), &byte, 1, 0) == 0,
                "the WriteHalf is gone, and the client waits for more bytes. Its destructor must shut the writing down.");
            client->send("thanks");
            client->end();
            co_return co_await read_all(std::move(halves.first));
        };
        CHECK(c.runtime.block_on(main(std::move(c.stream), &c.client)) == "thanks");
    }

    TEST_CASE("a half that was moved from says so") {
        auto use = [](auto use_halves) {
            Connection c;
            auto main = [](TcpStream stream, auto use_them) -> rt::Async<> {
                auto [read_half, write_half] = rt::split(std::move(stream));
                auto const taken = std::pair(std::move(read_half), std::move(write_half));
                co_await use_them(read_half, write_half);
            };
            c.runtime.block_on(main(std::move(c.stream), use_halves));
        };
        expect_violation(
            "a ReadHalf was used after it was moved from", [&] { use([](auto& half, auto&) { return half.read(1); }); },
            Noticed::in_every_build);
        expect_violation(
            "a WriteHalf was used after it was moved from",
            [&] { use([](auto&, auto& half) { return half.write_all("x"); }); }, Noticed::in_every_build);
        expect_violation(
            "a WriteHalf was used after it was moved from",
            [&] { use([](auto&, auto& half) { return half.shutdown(); }); }, Noticed::in_every_build);
    }

    TEST_CASE("shutdown_read lets whoever reads come to an end") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> rt::Async<std::string> {
            auto reading = rt::spawn(rt::read_to_string(*stream));
            co_await rt::Countdown(2);  // it waits
            client->send("so far");
            stream->shutdown_read();
            std::string text = co_await reading;
            co_await stream->write_all("thanks");
            co_return text;
        };
        CHECK(c.runtime.block_on(main(&c.stream, &c.client)) == "so far");
        CHECK(c.client.receive(6) == "thanks");
    }

    TEST_CASE("a read that is dropped leaves the stream usable") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> rt::Async<std::string> {
            for (int i = 0; i < 3; ++i) {
                auto reading = ends_within(2, stream->read(std::size_t{100}));
                bool const ended = co_await reading;
                CHECK(!ended);
            }
            client->send("tea");
            Chunk chunk = co_await stream->read(100);
            co_return std::string(chunk.view());
        };
        CHECK(c.runtime.block_on(main(&c.stream, &c.client)) == "tea");
    }

    TEST_CASE("bytes behind urgent data are not forgotten") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> rt::Async<std::string> {
            // Registered first, and refused: from now on only events say that there is something.
            auto reading = ends_within(2, stream->read(std::size_t{100}));
            bool const ended = co_await reading;
            CHECK(!ended);
            client->send("before");
            client->send_urgent('!');
            client->send("behind");
            client->end();
            co_return co_await stream->read_to_string();
        };
        CHECK(c.runtime.block_on(main(&c.stream, &c.client)) == "beforebehind");
    }

    TEST_CASE("a stream that always has bytes lets others have their turn") {
        Connection c;
        std::string text(static_cast<std::size_t>(rounds_of(50'000)), 'x');
        TestThread sender([&] {
            c.client.send(text);
            c.client.end();
        });
        auto read_bytes = [](TcpStream* stream, std::size_t* reads) -> rt::Async<> {
            while (Chunk chunk = co_await stream->read(1)) {
                ++*reads;
                still_alive();
            }
        };
        auto main = [read_bytes](TcpStream* stream, std::size_t* reads) {
            return [](auto read, TcpStream* s, std::size_t* count) -> rt::Async<int> {
                auto greedy = rt::spawn(read(s, count));
                auto take_turns = [](rt::JoinHandle<>* until) -> rt::Async<int> {
                    int turns = 0;
                    for (; !until->is_finished(); ++turns) {
                        co_await rt::Countdown(1);
                    }
                    co_return turns;
                };
                auto modest = rt::spawn(take_turns(&greedy));
                int turns = co_await modest;
                co_await greedy;
                co_return turns;
            }(read_bytes, stream, reads);
        };
        std::size_t reads = 0;
        int turns = c.runtime.block_on(main(&c.stream, &reads));
        CHECK(reads == text.size());
        CHECK(turns >= static_cast<int>(text.size() / (rt::budget::per_poll + 1)));
    }

    TEST_CASE("a runtime may go while sockets are open and tasks wait for them") {
        int before = open_descriptors();
        std::optional<TcpStream> survivor;
        {
            Connection c;
            auto main = [](TcpStream stream) -> rt::Async<> {
                rt::spawn(echo(std::move(stream))).detach();
                co_await rt::Countdown(3);
            };
            c.runtime.block_on(main(std::move(c.stream)));
            Peer second(c.listener.local_addr());
            survivor = c.runtime.block_on(c.listener.accept());
        }
        CHECK(open_descriptors() == before + 1);
        survivor.reset();
        CHECK(open_descriptors() == before);
    }

    TEST_CASE("IPv6") {
        rt::CurrentThread runtime;
        TcpListener listener;
        try {
            listener = TcpListener::listen(rt::SocketAddr::from_ip("::1", 0).value());
        } catch (const std::system_error& error) {
            fmt::print("skipped, no IPv6 here: {}\n", error.what());
            return;
        }
        auto [served, heard] = runtime.block_on(rt::join(echo_one(&listener), say(listener.local_addr(), "hello")));
        CHECK(served == 5);
        CHECK(heard == "hello");
    }
}
