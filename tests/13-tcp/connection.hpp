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
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace support {

/// A runtime, a client that blocks, and our end of its connection.
class Connection {
  public:
    rt::TcpListener listener = rt::TcpListener::listen(loopback());
    Peer client{listener.local_addr()};
    rt::CurrentThread runtime;
    rt::TcpStream stream = runtime.block_on(listener.accept());
};

/// A port whose queue has no room for a client, because one waits in it. So a connect is in progress, and stays so.
class FullPort {
  public:
    rt::SocketAddr address() const { return address_; }

  private:
    static rt::SocketAddr listen(const rt::sys::Fd& socket) {
        rt::SocketAddr free_port = loopback();
        CHECK(rt::sys::bind(socket.get(), free_port.data(), free_port.size()) == 0);
        CHECK(rt::sys::listen(socket.get(), 0) == 0);
        return rt::SocketAddr::of_socket(socket.get(), rt::sys::local_address, "local_addr");
    }

    rt::sys::Fd socket_ = rt::tcp_socket(loopback(), "a socket");
    rt::SocketAddr address_ = listen(socket_);
    Peer client_{address_};
};

/// A port where nobody listens. It is bound to all addresses, so no other program gets it meanwhile.
class ClosedPort {
  public:
    /// 127.0.0.1 and the port. A connect is refused there.
    rt::SocketAddr address() const { return address_; }

  private:
    static rt::SocketAddr bind(const rt::sys::Fd& socket) {
        rt::SocketAddr const any;
        CHECK(rt::sys::bind(socket.get(), any.data(), any.size()) == 0);
        auto const bound = rt::SocketAddr::of_socket(socket.get(), rt::sys::local_address, "local_addr");
        return rt::SocketAddr::from_ip("127.0.0.1", bound.port()).value();
    }

    rt::sys::Fd socket_ = rt::tcp_socket(rt::SocketAddr(), "a socket");
    rt::SocketAddr address_ = bind(socket_);
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
    } catch (const std::exception& error) {
        return fmt::format("no std::system_error, but another exception: {}", error.what());
    }
}

}  // namespace support
