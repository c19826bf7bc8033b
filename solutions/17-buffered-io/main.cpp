/// \file
/// The greeter: reads a line, answers `Hello, {name}!`. It meets one client at a time, so a second one waits until the
/// first has said its name. With --spawn each client gets a task, and none waits for another.
///
///     solution-17 [--spawn] [--addr 127.0.0.1:3000] [--clients N]      try it with: nc 127.0.0.1 3000
#include <rt/async.hpp>
#include <rt/buf_reader.hpp>
#include <rt/current_thread.hpp>
#include <rt/io.hpp>
#include <rt/join_set.hpp>
#include <rt/next_client.hpp>
#include <rt/print.hpp>
#include <rt/tcp.hpp>

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace {

// Given: what the user may type.
struct Options {
    bool spawn = false;
    std::string addr = "127.0.0.1:3000";
    int clients = std::numeric_limits<int>::max();
};

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

rt::Async<> serve(Options options) {
    rt::TcpListener listener = co_await rt::TcpListener::bind(options.addr);
    fmt::print("listening on {}\n", listener.local_addr());
    std::fflush(stdout);
    rt::JoinSet<> greetings;
    for (int n = 0; n < options.clients; ++n) {
        try {
            rt::TcpStream client = co_await rt::next_client(&listener);
            if (options.spawn) {
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

// Given: reads what the user typed.
Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        std::string_view option = argv[i];
        if (option == "--spawn") {
            options.spawn = true;
            continue;
        }
        if (option != "--addr" && option != "--clients") {
            throw std::invalid_argument(
                fmt::format("'{}' means nothing here: say [--spawn] [--addr HOST:PORT] [--clients N]", option));
        }
        if (++i == argc) {
            throw std::invalid_argument(fmt::format("{} needs a value", option));
        }
        if (option == "--addr") {
            options.addr = argv[i];
            continue;
        }
        std::string_view value = argv[i];
        auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.clients);
        if (error != std::errc() || end != value.data() + value.size() || options.clients < 1) {
            throw std::invalid_argument(fmt::format("--clients needs a number of 1 or more, not '{}'", value));
        }
    }
    return options;
}

}  // namespace

// Given: errors become sentences and an exit status.
int main(int argc, char** argv) {
    try {
        rt::CurrentThread runtime;
        runtime.block_on(serve(parse(argc, argv)));
        return 0;
    } catch (const std::invalid_argument& error) {
        rt::eprintln("{}", error.what());
        return 2;
    } catch (const std::exception& error) {
        rt::eprintln("{}", error.what());
        return 1;
    }
}
