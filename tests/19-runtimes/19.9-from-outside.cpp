/// \file
/// 19.9: what comes to the tasks from outside: the host's handlers, connections, foreign threads.
#include "hosts.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/oneshot.hpp>
#include <rt/runtime.hpp>
#include <rt/sys.hpp>
#include <rt/tcp.hpp>
#include <support/story.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

TEST_SUITE("19.9 all together: a foreign loop") {
    TEST_CASE("tasks and the host's own handlers share the thread") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            auto [sender, receiver] = rt::oneshot::channel<int>();
            std::vector<std::string> order;
            runtime.host().post([&order] { order.emplace_back("a handler before"); });
            typename Host::Timer timer(runtime.host(), [&order, &sender] {
                order.emplace_back("the host's timer");
                std::move(sender).send(1);
            });
            timer.set(rt::sys::now() + 1ms);
            step("wait in a task for what the host's timer sends");
            CHECK(runtime.block_on(take(std::move(receiver))) == 1);
            CHECK(order == std::vector<std::string>{"a handler before", "the host's timer"});
        });
    }

    TEST_CASE("many connections through a host's loop") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            auto server = [](rt::TcpListener listener) -> rt::Async<> {
                auto echo = [](rt::TcpStream stream) -> rt::Async<> {
                    while (rt::Chunk chunk = co_await stream.read(1024)) {
                        co_await stream.write_all(chunk.view());
                    }
                };
                for (;;) {
                    rt::TcpStream stream = co_await listener.accept();
                    rt::spawn(echo, std::move(stream));
                }
            };
            auto client = [](rt::SocketAddr address, int n) -> rt::Async<bool> {
                rt::TcpStream stream = co_await rt::TcpStream::connect(address);
                std::string text(static_cast<std::size_t>(1 + n * 37), static_cast<char>('a' + n % 26));
                co_await stream.write_all(text);
                co_await stream.shutdown();
                std::string answer = co_await stream.read_to_string();
                co_return answer == text;
            };
            auto all = [&]() -> rt::Async<int> {  // house-rule: allow the lambda outlives the block_on below
                rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
                rt::SocketAddr address = listener.local_addr();
                auto serving = rt::spawn(server, std::move(listener));
                rt::JoinSet<bool> clients;
                for (int n = 0; n < 100; ++n) {
                    clients.spawn(client, address, n);
                }
                int right = 0;
                while (auto next = co_await clients.join_next()) {
                    right += *next ? 1 : 0;
                }
                serving.abort();
                co_return right;
            };
            step("let 100 clients talk");
            CHECK(runtime.block_on(all()) == 100);
        });
    }

    TEST_CASE("the host watches the kernel's events again and again") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            auto talk = [](rt::SocketAddr address) -> rt::Async<int> {
                rt::TcpStream stream = co_await rt::TcpStream::connect(address);
                int answers = 0;
                for (int n = 0; n < 100; ++n) {
                    co_await stream.write_all("?");
                    rt::Chunk chunk = co_await stream.read(1);
                    answers += chunk.view() == "?" ? 1 : 0;
                }
                co_return answers;
            };
            auto listen = []() -> rt::Async<rt::TcpListener> {
                co_return co_await rt::TcpListener::bind("127.0.0.1:0");
            };
            auto echo = [](rt::TcpListener listener) -> rt::Async<> {
                rt::TcpStream stream = co_await listener.accept();
                while (rt::Chunk chunk = co_await stream.read(1)) {
                    co_await stream.write_all(chunk.view());
                    still_alive();
                }
            };
            rt::TcpListener listener = runtime.block_on(listen());
            int answers = 0;
            std::thread client([&answers, &talk, address = listener.local_addr()] {
                answers = rt::run(rt::Flavor::current_thread(), talk(address));
            });
            step("answer a client of another thread a hundred times, and wait for it each time");
            runtime.block_on(echo(std::move(listener)));
            client.join();
            CHECK(answers == 100);
        });
    }

    TEST_CASE("wakes of a foreign thread are not lost") {
        on_each_host([]<class Host>() {
            rt::Hosted<Host> runtime;
            for (int i = 0; i < 300; ++i) {
                auto [sender, receiver] = rt::oneshot::channel<int>();
                std::thread thread([s = std::move(sender), i]() mutable { std::move(s).send(i); });
                CHECK(runtime.block_on(take(std::move(receiver))) == i);
                thread.join();
                still_alive();
            }
        });
    }
}
