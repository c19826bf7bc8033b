/// \file
/// An echo server: a task for each client, and all of them on one thread.
#include "echo.hpp"

#include <rt/async.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>

#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

/// Sends back what comes, until the client ends.
rt::Async<> echo(rt::TcpStream stream) {
    while (rt::Chunk chunk = co_await stream.read(4096)) {
        co_await stream.write_all(chunk.view());
    }
}

}  // namespace

rt::Async<> serve(std::string addr) {
    rt::TcpListener listener = co_await rt::TcpListener::bind(std::move(addr));
    fmt::print("listening on {}\n", listener.local_addr());
    std::fflush(stdout);
    for (;;) {
        rt::TcpStream client = co_await next_client(&listener);
        rt::spawn(echo(std::move(client))).detach();
    }
}
