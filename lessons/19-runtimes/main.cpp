/// \file
/// The same tasks on each runtime: `solution-19 --runtime=NAME`, where NAME is current_thread, multi_thread, multi_thread:N,
/// poll_loop, or asio.
#include "arguments.hpp"

#include <rt/async.hpp>
#include <rt/flavor.hpp>
#include <rt/join_set.hpp>
#include <rt/print.hpp>
#include <rt/runtime.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/yield_now.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

rt::Async<int> square(int n) {
    co_await rt::yield_now();
    co_return n* n;
}

rt::Async<> answer_one(rt::TcpListener listener) {
    rt::TcpStream stream = co_await listener.accept();
    std::string question = co_await stream.read_to_string();
    co_await stream.write_all(question + " To whom it may concern: yes.");
}

rt::Async<std::string> ask(std::string address) {
    rt::TcpStream stream = co_await rt::TcpStream::connect(address);
    co_await stream.write_all("Is it the same program?");
    co_await stream.shutdown();
    co_return co_await stream.read_to_string();
}

/// Names no runtime, because each call uses the one that polls it.
rt::Async<> tasks() {
    rt::JoinSet<int> squares;
    for (int n = 1; n <= 100; ++n) {
        squares.spawn(square(n));
    }
    int sum = 0;
    while (auto next = co_await squares.join_next()) {
        sum += *next;
    }
    fmt::print("a hundred tasks: {}\n", sum);

    auto begin = rt::time::now();
    co_await rt::sleep(20ms);
    fmt::print("a timer: {}\n", rt::time::now() - begin >= 20ms ? "not early" : "early");

    int blocking = co_await rt::spawn_blocking([] { return 42; });
    fmt::print("a blocking call: {}\n", blocking);

    rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
    std::string address = listener.local_addr().to_string();
    auto server = rt::spawn(answer_one(std::move(listener)));
    std::string answer = co_await ask(address);
    fmt::print("a connection: {}\n", answer);
    co_await server;
}

}  // namespace

int main(int argc, char** argv) {
    std::optional<rt::Flavor> flavor = chosen_flavor(argc, argv);
    if (!flavor) {
        return 2;
    }
    try {
        fmt::print("on {}\n", flavor->to_string());
        rt::run(*flavor, tasks());
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
}
