/// \file
/// 16.3: one connection.
#include <doctest/doctest.h>

#include "peer.hpp"

#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/io.hpp>
#include <rt/join.hpp>
#include <rt/multi_thread.hpp>
#include <rt/select.hpp>
#include <rt/sync.hpp>
#include <rt/tcp.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/core.h>

using namespace support;
using rt::Chunk, rt::TcpListener, rt::TcpStream;

static_assert(rt::AsyncRead<TcpStream> && rt::AsyncWrite<TcpStream>);
static_assert(rt::AsyncRead<rt::ReadHalf> && rt::AsyncWrite<rt::WriteHalf>);
static_assert(sizeof(TcpStream) <= 32);

namespace {

/// A runtime, a client that blocks, and our end of its connection.
class Connection {
  public:
    TcpListener listener = TcpListener::listen(loopback());
    Peer client{listener.local_addr()};
    rt::CurrentThread runtime;
    TcpStream stream = runtime.block_on(listener.accept());
};

rt::Async<std::size_t> echo(TcpStream stream) {
    std::size_t total = 0;
    while (Chunk chunk = co_await stream.read(16 * 1024)) {
        co_await stream.write_all(chunk.view());
        total += chunk.size();
    }
    co_return total;
}

rt::Async<std::size_t> echo_one(TcpListener* listener) {
    TcpStream stream = co_await listener->accept();
    co_return co_await echo(std::move(stream));
}

rt::Async<std::string> say(rt::SocketAddr server, std::string text) {
    TcpStream stream = co_await TcpStream::connect(server);
    co_await stream.write_all(text);
    co_await stream.shutdown();
    co_return co_await stream.read_to_string();
}

std::string failure_of(auto future, rt::CurrentThread& runtime) {
    try {
        runtime.block_on(std::move(future));
        return "it did not fail";
    } catch (const std::system_error& error) {
        return error.what();
    }
}

}  // namespace

TEST_SUITE("16.3 a connection") {
    TEST_CASE("both ends on one thread") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        step("say hello to {}", listener.local_addr());
        auto [served, heard] = runtime.block_on(rt::join(echo_one(&listener), say(listener.local_addr(), "hello")));
        CHECK(served == 5);
        CHECK(heard == "hello");
    }

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
        // localhost may be ::1 first; the listener is at 127.0.0.1 only.
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        TcpStream stream = runtime.block_on(TcpStream::connect("localhost", listener.local_addr().port()));
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
        c.stream.set_option(SOL_SOCKET, SO_SNDBUF, 4096, "SO_SNDBUF");
        std::string text = pattern(4'000'000);
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

    TEST_CASE("both directions at once by halves") {
        Connection c;
        std::string text = pattern(1'000'000);
        auto read_all = [](rt::ReadHalf half) -> rt::Async<std::string> { co_return co_await half.read_to_string(); };
        auto write_all = [](rt::WriteHalf half, std::string bytes) -> rt::Async<> { co_await half.write_all(bytes); };
        auto both = [read_all, write_all, &text](TcpStream stream) {
            auto [reader, writer] = rt::split(std::move(stream));
            return rt::join(read_all(std::move(reader)), write_all(std::move(writer), text));
        };
        std::string received;
        TestThread sender([&] {
            c.client.send(text);
            c.client.end();
        });
        TestThread receiver([&] { received = c.client.receive_all(); });
        auto main = [](auto make, TcpStream stream) -> rt::Async<std::string> {
            auto joined = make(std::move(stream));
            auto results = co_await joined;
            co_return std::get<0>(results);
        };
        std::string read = c.runtime.block_on(main(both, std::move(c.stream)));
        sender.join();
        receiver.join();
        CHECK((read == text));
        CHECK_MESSAGE((received == text), "the end is read because the writing half was dropped");
    }

    TEST_CASE("a read that is dropped leaves the stream usable") {
        Connection c;
        auto main = [](TcpStream* stream, Peer* client) -> rt::Async<std::string> {
            for (int i = 0; i < 3; ++i) {
                auto won = co_await rt::select(stream->read(std::size_t{100}), rt::Countdown(1));
                CHECK(won.index() == 1);
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
            auto nothing_yet = co_await rt::select(stream->read(std::size_t{100}), rt::Countdown(1));
            CHECK(nothing_yet.index() == 1);
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
        std::string text(200'000, 'x');
        TestThread sender([&] {
            c.client.send(text);
            c.client.end();
        });
        auto read_bytes = [](TcpStream* stream, std::size_t* reads) -> rt::Async<> {
            while (Chunk chunk = co_await stream->read(1)) {
                ++*reads;
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
        CHECK(turns >= static_cast<int>(text.size() / rt::budget::per_poll));
    }

    TEST_CASE("no descriptor is left open") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        rt::SocketAddr nobody = TcpListener::listen(loopback()).local_addr();
        CHECK(failure_of(TcpStream::connect(nobody), runtime).ends_with("Connection refused"));
        int before = open_descriptors();
        for (int i = 0; i < 5; ++i) {
            TcpStream connected = runtime.block_on(TcpStream::connect(listener.local_addr()));
            TcpStream accepted = runtime.block_on(listener.accept());
            CHECK(open_descriptors() == before + 2);
            step("drop both ends");
        }
        CHECK_MESSAGE(open_descriptors() == before, "a stream that is dropped closes its descriptor");
        CHECK(failure_of(TcpStream::connect(nobody), runtime).ends_with("Connection refused"));
        CHECK_MESSAGE(open_descriptors() == before, "a connect that fails closes its descriptor");
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

    TEST_CASE("many connections on many workers") {
        rt::MultiThread runtime(2);
        auto server = [](TcpListener* listener, int count) -> rt::Async<> {
            for (int i = 0; i < count; ++i) {
                TcpStream stream = co_await listener->accept();
                rt::spawn(echo(std::move(stream))).detach();
            }
        };
        auto main = [server](TcpListener* listener, int count) {
            return [](auto serve, TcpListener* l, int n) -> rt::Async<int> {
                auto serving = rt::spawn(serve(l, n));
                std::vector<rt::JoinHandle<std::string>> clients;
                for (int i = 0; i < n; ++i) {
                    clients.push_back(rt::spawn(say(l->local_addr(), pattern(static_cast<std::size_t>(i) * 100))));
                }
                int good = 0;
                for (int i = 0; i < n; ++i) {
                    std::string heard = co_await clients[static_cast<std::size_t>(i)];
                    good += heard == pattern(static_cast<std::size_t>(i) * 100) ? 1 : 0;
                    still_alive();
                }
                co_await serving;
                co_return good;
            }(server, listener, count);
        };
        TcpListener listener = TcpListener::listen(loopback());
        CHECK(runtime.block_on(main(&listener, 200)) == 200);
    }
}
