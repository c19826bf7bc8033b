/// \file
/// Both sides of the echo: what the server does for one client, and what a client of `demo` does.
#pragma once

#include <rt/async.hpp>
#include <rt/tcp.hpp>
#include <rt/timeout.hpp>
#include <rt/todo.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

/// Sends back what comes, until the client ends or has been idle for too long.
inline rt::Async<> echo(rt::TcpStream* stream, std::chrono::seconds idle) {
    // TODO(20.4) Send back what comes, until the client ends. Give up as soon as a read or a write takes longer than `idle`.
    rt::todo("20.4 echo", stream, idle);
}

/// Says hello, and checks that it comes back. Yields how many bytes that were.
inline rt::Async<std::size_t> client(rt::SocketAddr server, int n) {
    rt::TcpStream stream = co_await rt::TcpStream::connect(server);
    std::string hello = fmt::format("Hello, world! from client {}", n);
    // TODO(20.4) Say `hello`, and that no more will come. Read the answer to its end, and yield its size. If it isn't equal to
    // `hello`, throw a std::runtime_error.
    rt::todo("20.4 say hello and check the answer", stream, hello);
}
