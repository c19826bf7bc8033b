/// \file
/// Both sides of the echo: what the server does for one client, and what a client of `demo` does.
#pragma once

#include <rt/async.hpp>
#include <rt/tcp.hpp>
#include <rt/timeout.hpp>

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

/// Sends back what comes, until the client ends or has been idle for too long.
inline rt::Async<> echo(rt::TcpStream* stream, std::chrono::seconds idle) {
    while (rt::Chunk chunk = co_await rt::timeout(idle, stream->read(4096))) {
        co_await rt::timeout(idle, stream->write_all(chunk.view()));
    }
}

/// Says hello, and checks that it comes back. Yields how many bytes that were.
inline rt::Async<std::size_t> client(rt::SocketAddr server, int n) {
    rt::TcpStream stream = co_await rt::TcpStream::connect(server);
    std::string hello = fmt::format("Hello, world! from client {}", n);
    co_await stream.write_all(hello);
    co_await stream.shutdown();
    std::string answer = co_await stream.read_to_string();
    if (answer != hello) {
        throw std::runtime_error(fmt::format("client {} said '{}' and heard '{}'", n, hello, answer));
    }
    co_return answer.size();
}
