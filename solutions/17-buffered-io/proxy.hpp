/// \file
/// A proxy: it connects each client with a server of your choice, and copies in both directions.
#pragma once

#include <rt/async.hpp>
#include <rt/copy.hpp>
#include <rt/next_client.hpp>
#include <rt/print.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

/// Connects one client with the server at `to`.
inline rt::Async<> forward(rt::TcpStream client, std::string to) {
    try {
        rt::TcpStream server = co_await rt::TcpStream::connect(std::move(to));
        auto copied = co_await rt::copy_bidirectional(client, server);
        fmt::print("{} bytes there, {} bytes back\n", copied.first, copied.second);
    } catch (const std::exception& error) {
        rt::eprintln_once("a client was not served: {}", error.what());
    }
    std::fflush(stdout);
}

/// Listens at `addr`, and forwards each client to the server at `to`.
inline rt::Async<> proxy(std::string addr, std::string to) {
    rt::TcpListener listener = co_await rt::TcpListener::bind(std::move(addr));
    fmt::print("listening on {}\n", listener.local_addr());
    std::fflush(stdout);
    for (;;) {
        rt::TcpStream client = co_await rt::next_client(&listener);
        rt::spawn(forward(std::move(client), to)).detach();
    }
}
