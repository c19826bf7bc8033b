#include "server.hpp"

#include <doctest/doctest.h>
#include <echo.hpp>
#include <rt/async.hpp>
#include <rt/join.hpp>
#include <rt/sleep.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// A client, and the end of its connection that `echo` serves.
class EchoClient {
  public:
    EchoClient() : EchoClient(make_socket_pair()) {}

    /// Says so much to the client that the next write has to wait. The clock must be paused.
    rt::Async<> fill() {
        auto talk = [](rt::TcpStream* served) -> rt::Async<> {
            for (;;) {
                co_await served->write_all(std::string(64 * 1024, '-'));
            }
        };
        try {
            co_await rt::timeout(1s, talk(&served_));
        } catch (const rt::Elapsed&) {}
    }

    /// Serves the client in a task.
    rt::JoinHandle<> serve(std::chrono::seconds idle) {
        auto serving = [](rt::TcpStream served, std::chrono::seconds most) -> rt::Async<> {
            try {
                co_await echo(&served, most);
            } catch (const rt::Elapsed&) {  // which `rt::serve` ignores
            }
        };
        return rt::spawn(serving(std::move(served_), idle));
    }

    rt::TcpStream stream;

  private:
    explicit EchoClient(Ends ends) : stream(std::move(ends.here)), served_(std::move(ends.there)) {}

    rt::TcpStream served_;
};

/// After how long it ends on a paused clock, an hour at most.
rt::Async<std::chrono::seconds> time_of(rt::JoinHandle<> serving) {
    auto const before = rt::time::now();
    try {
        co_await rt::timeout(1h, std::move(serving));
    } catch (const rt::Elapsed&) {}
    co_return std::chrono::duration_cast<std::chrono::seconds>(rt::time::now() - before);
}

/// What `client` number 7 yields, if its server says this for an answer when the client says no more. Or what it throws.
rt::Async<std::string> told_by(std::string answer) {
    rt::TcpListener listener = listen();
    auto serve = [](rt::TcpListener* port, std::string text) -> rt::Async<> {
        rt::TcpStream stream = co_await port->accept();
        co_await stream.read_to_string();
        co_await stream.write_all(text);
    };
    auto serving = rt::spawn(serve(&listener, std::move(answer)));
    std::string told = "(it still waits)";
    try {
        std::size_t size = co_await rt::timeout(patience(), client(listener.local_addr(), 7));
        told = std::to_string(size) + " bytes";
    } catch (const rt::Elapsed&) {
    } catch (const std::runtime_error&) {
        told = "it threw";
    }
    serving.abort();
    co_return told;
}

}  // namespace

TEST_SUITE("20.4 echo and its client") {
    TEST_CASE("what a client says comes back until it ends") {
        auto story = []() -> rt::Async<> {
            EchoClient client;
            auto serving = client.serve(60s);
            for (std::string text : {"x", "hello\n", "and once more"}) {
                step("the client says '{}'", text);
                bool answered = co_await is_answered_soon(&client.stream, text);
                CHECK_MESSAGE(answered, "another text came back, or none did. Write what was read, once.");
                CHECK_MESSAGE(!serving.is_finished(), "echo ended before its client. Read again.");
                if (!answered || serving.is_finished()) {
                    co_return;
                }
            }
            step("the client says that no more will come");
            co_await client.stream.shutdown();
            std::string rest = co_await rt::timeout(patience(), client.stream.read_to_string());
            CHECK(rest.empty());
            co_await serving;
        };
        run(story());
    }

    TEST_CASE("all bytes of a large text come back") {
        auto story = []() -> rt::Async<> {
            EchoClient client;
            auto serving = client.serve(60s);
            std::string text;
            for (int n = 0; text.size() < 1'000'000; ++n) {
                text += std::to_string(n);
            }
            auto say = [](rt::TcpStream* stream, const std::string* all) -> rt::Async<> {
                co_await stream->write_all(*all);
                co_await stream->shutdown();
            };
            step("the client says 1 MB, and reads meanwhile");
            auto both = rt::join(say(&client.stream, &text), client.stream.read_to_string());
            auto heard = co_await both;
            bool const is_same = std::get<1>(heard) == text;
            CHECK_MESSAGE(is_same,
                          "another text came back. A write may take a part of the bytes, and write_all takes all.");
            co_await serving;
        };
        run(story());
    }

    TEST_CASE("a client that says nothing is given up") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            EchoClient client;
            step("serve a silent client, with 5 s of patience");
            std::chrono::seconds took = co_await time_of(client.serve(5s));
            CHECK_MESSAGE(took == 5s, "the read has no time limit, and a silent client keeps its task forever");
        };
        run(story());
    }

    TEST_CASE("a client that does not read is given up") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            EchoClient client;
            auto serving = client.serve(5s);
            auto talk = [](rt::TcpStream* stream) -> rt::Async<> {
                try {
                    for (;;) {
                        co_await stream->write_all(std::string(64 * 1024, 'x'));
                    }
                } catch (const std::system_error&) {  // the other end is gone
                }
            };
            step("a client says more than the buffers hold, and reads nothing");
            auto talking = rt::spawn(talk(&client.stream));
            std::chrono::seconds took = co_await time_of(std::move(serving));
            CHECK_MESSAGE(took == 5s,
                          "the write has no time limit, and a client that never reads keeps its task forever");
            talking.abort();
        };
        run(story());
    }

    TEST_CASE("a client that speaks now and then stays") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            EchoClient client;
            auto serving = client.serve(5s);
            for (int n = 0; n < 5; ++n) {
                step("4 s later the client says something");
                co_await rt::sleep(4s);
                CHECK_MESSAGE(!serving.is_finished(), "the limit is for each wait, and not for the whole connection");
                if (serving.is_finished()) {
                    co_return;
                }
                bool answered = co_await is_answered(&client.stream, "still here");
                CHECK(answered);
            }
        };
        run(story());
    }

    TEST_CASE("a read and a write have a limit each") {
        auto story = []() -> rt::Async<> {
            rt::time::pause();
            EchoClient client;
            co_await client.fill();
            auto serving = client.serve(5s);
            step("4 s later the client says something, and does not read");
            co_await rt::sleep(4s);
            co_await client.stream.write_all("x");
            co_await rt::sleep(4s);
            CHECK_MESSAGE(!serving.is_finished(),
                          "the read took 4 s, and the write was given up before its own 5 s. Limit each of them.");
        };
        run(story());
    }

    TEST_CASE("the client of the demo checks its answer") {
        auto story = []() -> rt::Async<> {
            step("the server answers as it should");
            std::string told = co_await told_by("Hello, world! from client 7");
            CHECK_MESSAGE(
                told != "(it still waits)",
                "the server waits for the end of the text, and the client waits for the server. Shut down after the "
                "text.");
            CHECK_MESSAGE(told == "27 bytes",
                          "the server sends the text back, and the client threw. Write, shut down, and then read.");
            if (told != "27 bytes") {
                co_return;
            }
            for (std::string wrong : {"", "Hello, world! from client 6", "Hello, world! from client 70", "Hello"}) {
                step("the server answers '{}'", wrong);
                told = co_await told_by(wrong);
                CHECK_MESSAGE(told == "it threw", "the client took a wrong answer for its own text");
            }
        };
        run(story());
    }

    TEST_CASE("echo and the client understand each other") {
        auto story = []() -> rt::Async<> {
            rt::TcpListener listener = listen();
            auto serve = [](rt::TcpListener* port) -> rt::Async<> {
                rt::TcpStream stream = co_await port->accept();
                co_await echo(&stream, 60s);
            };
            auto serving = rt::spawn(serve(&listener));
            std::size_t size = co_await rt::timeout(patience(), client(listener.local_addr(), 1000));
            CHECK(size == 30);
            co_await serving;
        };
        run(story());
    }
}
