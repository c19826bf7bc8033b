/// \file
/// Connections for tests, and what is said over them.
#pragma once

#include "peer.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/socket_addr.hpp>
#include <rt/tcp.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

namespace support {

/// A runtime, a client that blocks, and our end of its connection.
class Connection {
  public:
    rt::TcpListener listener = rt::TcpListener::listen(loopback());
    Peer client{listener.local_addr()};
    rt::CurrentThread runtime;
    rt::TcpStream stream = runtime.block_on(listener.accept());
};

inline rt::Async<std::size_t> echo(rt::TcpStream stream) {
    std::size_t total = 0;
    while (rt::Chunk chunk = co_await stream.read(16 * 1024)) {
        co_await stream.write_all(chunk.view());
        total += chunk.size();
    }
    co_return total;
}

inline rt::Async<std::size_t> echo_one(rt::TcpListener* listener) {
    rt::TcpStream stream = co_await listener->accept();
    co_return co_await echo(std::move(stream));
}

inline rt::Async<std::string> say(rt::SocketAddr server, std::string text) {
    rt::TcpStream stream = co_await rt::TcpStream::connect(server);
    co_await stream.write_all(text);
    co_await stream.shutdown();
    co_return co_await stream.read_to_string();
}

/// Polls `future` at most `polls` times and then destroys it. Yields whether it ended.
template <rt::Future F>
rt::Async<bool> ends_within(int polls, F future) {
    auto look = [&](rt::Context& cx) -> rt::Poll<bool> {
        if (future.poll(cx).is_ready()) {
            return rt::Ready(true);
        }
        if (--polls == 0) {
            return rt::Ready(false);
        }
        cx.waker().wake_by_ref();
        return rt::Pending;
    };
    auto looking = rt::poll_fn(look);
    co_return co_await looking;
}

/// What the future threw.
std::string failure_of(auto future, rt::CurrentThread& runtime) {
    try {
        runtime.block_on(std::move(future));
        return "it did not fail";
    } catch (const std::system_error& error) {
        return error.what();
    }
}

}  // namespace support
