/// \file
/// 13.9: clients, many of ours and some that others wrote.
#include <doctest/doctest.h>

#include "answer.hpp"
#include "peer.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/tcp.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>

using namespace support;
using rt::Chunk, rt::TcpListener, rt::TcpStream;

namespace {

/// Runs `command` in a shell; what it printed.
std::string shell(const std::string& command) {
    std::string text;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    CHECK(pipe != nullptr);
    char buffer[4096];
    while (std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe)) {
        text.append(buffer, size);
    }
    ::pclose(pipe);
    return text;
}

bool is_installed(const char* program) {
    if (shell(fmt::format("command -v {}", program)).empty()) {
        fmt::print("skipped, {} is not installed\n", program);
        return false;
    }
    return true;
}

}  // namespace

TEST_SUITE("13.9 all together: listeners and streams in a runtime") {
    TEST_CASE("hundreds of connections at once on one thread") {
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        auto echo = [](TcpStream stream) -> rt::Async<> {
            while (Chunk chunk = co_await stream.read(4096)) {
                co_await stream.write_all(chunk.view());
            }
        };
        auto serve = [echo](TcpListener* l) {
            return [](auto serve_one, TcpListener* listening) -> rt::Async<> {
                for (;;) {
                    TcpStream stream = co_await listening->accept();
                    rt::spawn(serve_one(std::move(stream))).detach();
                }
            }(echo, l);
        };
        auto client = [](rt::SocketAddr address, int number) -> rt::Async<int> {
            TcpStream stream = co_await TcpStream::connect(address);
            int good = 0;
            for (int i = 0; i < 5; ++i) {
                std::string text = fmt::format("message {} of client {}", i, number);
                co_await stream.write_all(text);
                std::string answer;
                while (answer.size() < text.size()) {
                    Chunk chunk = co_await stream.read(4096);
                    if (!chunk) {
                        break;
                    }
                    answer += chunk.view();
                }
                good += answer == text ? 1 : 0;
            }
            co_return good;
        };
        auto main = [serve, client](TcpListener* l) {
            return [](auto server, auto one, TcpListener* listening) -> rt::Async<int> {
                auto serving = rt::spawn(server(listening));
                rt::JoinSet<int> clients;
                for (int i = 0; i < 300; ++i) {
                    clients.spawn(one(listening->local_addr(), i));
                }
                int good = 0;
                while (auto each = co_await clients.join_next()) {
                    good += *each;
                    still_alive();
                }
                serving.abort();
                co_return good;
            }(serve, client, l);
        };
        CHECK(runtime.block_on(main(&listener)) == 1500);
    }

    TEST_CASE("netcat") {
        if (!is_installed("nc")) {
            return;
        }
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        std::string printed;
        TestThread client([&] {
            printed = shell(fmt::format("printf 'question' | nc -N 127.0.0.1 {}", listener.local_addr().port()));
        });
        CHECK(runtime.block_on(read_and_answer(&listener, "answer\n")) == "question");
        client.join();
        CHECK(printed == "answer\n");
    }

    TEST_CASE("socat") {
        if (!is_installed("socat")) {
            return;
        }
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        std::string printed;
        TestThread client(
            [&] { printed = shell(fmt::format("printf 'question' | socat -t 10 - TCP:{}", listener.local_addr())); });
        CHECK(runtime.block_on(read_and_answer(&listener, "answer\n")) == "question");
        client.join();
        CHECK(printed == "answer\n");
    }

    TEST_CASE("curl") {
        if (!is_installed("curl")) {
            return;
        }
        rt::CurrentThread runtime;
        TcpListener listener = TcpListener::listen(loopback());
        std::string printed;
        TestThread client([&] {
            printed = shell(
                fmt::format("curl --silent --show-error --http1.0 --max-time 20 http://{}/tea", listener.local_addr()));
        });
        std::string request =
            runtime.block_on(read_and_answer(&listener, "HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\ngreen tea\n"));
        client.join();
        CHECK(request.starts_with("GET /tea HTTP/1.0\r\n"));
        CHECK(printed == "green tea\n");
    }
}
