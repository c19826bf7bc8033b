/// \file
/// The greeter: reads a line, answers `Hello, {name}!`. It meets one client at a time, so a second one waits until the
/// first has said its name. With --spawn each client gets a task, and none waits for another.
///
///     solution-17                                                           two clients of its own, both ways
///     solution-17 serve [--spawn] [--addr 127.0.0.1:3000] [--clients N]     try it with: nc 127.0.0.1 3000
///     solution-17 proxy HOST:PORT [--addr 127.0.0.1:3000]                   passes everything on to a server, and back
#include "options.hpp"
#include "proxy.hpp"
#include "two_clients.hpp"

#include <rt/async.hpp>
#include <rt/buf_reader.hpp>
#include <rt/current_thread.hpp>
#include <rt/io.hpp>
#include <rt/join_set.hpp>
#include <rt/next_client.hpp>
#include <rt/print.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

constexpr std::size_t longest_name = 1000;

/// Meets one client. An error is printed, and does not reach the other clients.
rt::Async<> greet(rt::TcpStream stream) {
    try {
        rt::BufReader client(std::move(stream), longest_name);
        if (auto name = co_await client.read_line()) {
            std::string greeting = fmt::format("Hello, {}!\n", *name);
            co_await rt::write_all(client, greeting);
        }
    } catch (const std::exception& error) {
        rt::eprintln_once("a client was not greeted: {}", error.what());
    }
}

/// Greets `clients` clients, one after the other. With `spawn`, each of them in a task of its own.
rt::Async<> greet_all(rt::TcpListener listener, int clients, bool spawn) {
    rt::JoinSet<> greetings;
    for (int n = 0; n < clients; ++n) {
        try {
            rt::TcpStream client = co_await rt::next_client(&listener);
            if (spawn) {
                greetings.spawn(greet(std::move(client)));
            } else {
                co_await greet(std::move(client));
            }
        } catch (const std::bad_alloc&) {
            rt::eprintln_once("there is no memory for another client");
        }
        while (greetings.try_join_next()) {
            // Forgets tasks that have ended, so that the set does not grow.
        }
    }
    for (bool more = true; more;) {
        more = (co_await greetings.join_next()).has_value();
    }
}

rt::Async<> serve(Options options) {
    rt::TcpListener listener = co_await rt::TcpListener::bind(options.addr);
    fmt::print("listening on {}\n", listener.local_addr());
    std::fflush(stdout);
    co_await greet_all(std::move(listener), options.clients, options.spawn);
}

/// Two clients, and a greeter in a task of its own.
rt::Async<> demo(bool spawn) {
    fmt::print("{}\n", spawn ? "a task for each client" : "one client at a time");
    rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
    rt::SocketAddr address = listener.local_addr();
    auto greeter = rt::spawn(greet_all(std::move(listener), 2, spawn));
    Meeting meeting;
    co_await meeting.two_clients(address);
    co_await greeter;
}

}  // namespace

// Given: errors become sentences and an exit status.
int main(int argc, char** argv) {
    try {
        Options options = Options::parse(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
        rt::CurrentThread runtime;
        if (options.is_demo) {
            runtime.block_on(demo(false));
            runtime.block_on(demo(true));
        } else if (!options.proxy_to.empty()) {
            runtime.block_on(proxy(options.addr, options.proxy_to));
        } else {
            runtime.block_on(serve(options));
        }
        return 0;
    } catch (const std::invalid_argument& error) {
        rt::eprintln("{}", error.what());
        return 2;
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
}
