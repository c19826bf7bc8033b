/// \file
/// Given: the command line of the echo server. You use `Options::parse` and its result.
#pragma once

#include <rt/runtime.hpp>
#include <rt/serve.hpp>

#include <chrono>
#include <string>

struct Options {
    enum class Mode : unsigned char { help, serve, demo };

    /// Reads the command line. Throws `std::invalid_argument` with a sentence for the user.
    static Options parse(int argc, char** argv);

    Mode mode = Mode::help;
    std::string addr;  ///< empty in `demo`: it starts a server of its own
    rt::Flavor flavor = rt::Flavor::current_thread();
    rt::ServeLimits limits;
    std::chrono::seconds idle = std::chrono::seconds::max();  ///< for a client without a byte read or written
    int clients = 1000;
};

inline constexpr const char* usage =
    "usage: solution-20 serve [--addr 127.0.0.1:3001] [--runtime R] [--max-connections N] [--idle-timeout SECONDS]\n"
    "                         [--drain-timeout 5]\n"
    "       solution-20 demo [--clients 1000] [--runtime R] [--addr HOST:PORT]\n"
    "\n"
    "serve  sends back what each client sends, until Ctrl-C; then it has --drain-timeout seconds for the last answers.\n"
    "demo   lets that many clients say hello, a thousand at a time, to a server of its own or to the one at --addr.\n"
    "R is current_thread (the default), multi_thread, multi_thread:N, poll_loop, or asio.\n";
