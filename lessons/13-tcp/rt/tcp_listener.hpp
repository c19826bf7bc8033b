/// \file
/// `TcpListener`: a port that accepts connections.
///
/// The kernel makes the connections. It keeps them in a queue until the program accepts them, and makes the listener readable
/// while the queue isn't empty.
///
/// Source: `tokio::net::TcpListener`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys_socket.hpp>
#include <rt/tcp_stream.hpp>
#include <rt/todo.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rt {

class TcpListener {
  public:
    /// Has no socket. Only assign to this object, or destroy it.
    TcpListener() noexcept = default;

    /// Listens at `address`. With port 0 the system chooses a free port, which `local_addr` returns. Needs no runtime.
    static TcpListener listen(const SocketAddr& address);
    // Given: listens at "host:port", at the first address of the host that works.
    static Async<TcpListener> bind(std::string host_and_port);

    /// A future of the next connection. One task at a time accepts. Throws what the kernel reports, see `is_broken`.
    auto accept() {
        auto poll = [this](Context& cx) -> Poll<TcpStream> {
            // TODO(13.2) Accept a connection, or wait for one. `sys::accept` yields its socket. Give an error the name "accept".
            todo("13.2 accept a connection", cx, source_);
        };
        return source_.alone(Direction::read, poll_fn(poll));
    }

    // Given: true if an error of `accept` is about the listener. All others pass, because they are about one connection,
    // or about room for it. Wait a little then and accept again, as `next_client` does (echo.hpp, and from lesson 17 on).
    static bool is_broken(const std::error_code& error) noexcept {
        constexpr int broken[] = {EBADF, EFAULT, EINVAL, ENOTSOCK, EOPNOTSUPP};
        return error.category() == std::system_category() &&
               std::ranges::find(broken, error.value()) != std::end(broken);
    }

    // Given: the address at which it listens.
    SocketAddr local_addr() const { return SocketAddr::of_socket(fd(), sys::local_address, "local_addr"); }
    int fd() const noexcept { return source_.fd(); }

  private:
    /// How many connections may wait to be accepted. The system may allow fewer (net.core.somaxconn).
    static constexpr int backlog = 4096;

    explicit TcpListener(sys::Fd socket) noexcept : source_(std::move(socket)) {}

    IoSource source_;
};

inline TcpListener TcpListener::listen(const SocketAddr& address) {
    std::string const what = "cannot listen at " + address.to_string();
    sys::Fd socket = tcp_socket(address, what);
    // TODO(13.2) Give the socket its address, and listen. A server that restarts must get its port back at once.
    todo("13.2 listen", socket, what, backlog);
}

// Given: tries one address after the other, as `TcpStream::connect` does.
inline Async<TcpListener> TcpListener::bind(std::string host_and_port) {
    HostPort parsed = HostPort::parse(host_and_port);
    std::vector<SocketAddr> addresses = co_await resolve(std::move(parsed.host), parsed.port);
    for (std::size_t i = 0;; ++i) {
        try {
            TcpListener listener = listen(addresses[i]);
            listener.source_.prepare();  // so that the reactor has its descriptors before clients take the last ones
            co_return listener;
        } catch (const std::system_error&) {
            if (i + 1 == addresses.size()) {
                throw;
            }
        }
    }
}

}  // namespace rt
