/// \file
/// 16.9: descriptors and connections of lessons 12 and 13 on several workers.
#include <doctest/doctest.h>

#include <12-reactor/source.hpp>
#include <13-tcp/connection.hpp>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/task.hpp>
#include <rt/tcp.hpp>
#include <support/ends.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace support;
using rt::TcpListener, rt::TcpStream;

TEST_SUITE("16.9 all together") {
    TEST_CASE("many pipes on many workers") {
        constexpr int pipes = 50;
        constexpr std::size_t bytes = 200;
        std::vector<Ends> ends;
        rt::MultiThread runtime(2);
        auto main = [](std::vector<std::shared_ptr<Source>> sources) -> rt::Async<std::size_t> {
            std::vector<rt::JoinHandle<std::string>> handles;
            for (auto& source : sources) {
                handles.push_back(rt::spawn(read_bytes(source, bytes)));
            }
            std::size_t total = 0;
            for (auto& handle : handles) {
                std::string text = co_await handle;
                total += text.size();
            }
            co_return total;
        };
        std::vector<std::shared_ptr<Source>> sources;
        for (int i = 0; i < pipes; ++i) {
            ends.push_back(make_pipe());
            sources.push_back(std::make_shared<Source>(std::move(ends.back().here)));
        }
        TestThread writer([&] {
            for (std::size_t round = 0; round < bytes; ++round) {
                for (Ends& each : ends) {
                    CHECK(rt::sys::write(each.there.get(), std::string_view("x")) == 1);
                }
            }
        });
        CHECK(runtime.block_on(main(std::move(sources))) == pipes * bytes);
    }

    TEST_CASE("descriptors come and go on many workers") {
        // Records are used again at once, while another worker may still have events of their predecessors in its hand.
        rt::MultiThread runtime(2);
        auto one = [](int rounds) -> rt::Async<int> {
            int good = 0;
            for (int round = 0; round < rounds; ++round) {
                Ends pipe = make_pipe();
                auto source = std::make_shared<Source>(std::move(pipe.here));
                auto reading = rt::spawn(read_bytes(source, 1));
                co_await rt::Countdown(1);
                CHECK(rt::sys::write(pipe.there.get(), std::string_view("x")) == 1);
                std::string text = co_await reading;
                good += text == "x" ? 1 : 0;
            }
            co_return good;
        };
        auto main = [](auto f) -> rt::Async<int> {
            std::vector<rt::JoinHandle<int>> handles;
            for (int i = 0; i < 8; ++i) {
                handles.push_back(rt::spawn(f(250)));
            }
            int good = 0;
            for (auto& handle : handles) {
                good += co_await handle;
            }
            co_return good;
        };
        CHECK(runtime.block_on(main(one)) == 2000);
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
