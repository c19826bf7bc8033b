/// \file
/// `TcpListener`: a port that takes connections.
///
/// Source of the idea: `tokio::net::TcpListener`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys_socket.hpp>
#include <rt/tcp_stream.hpp>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rt {

class TcpListener {
  public:
    /// How many connections may wait to be accepted. The system may allow less (net.core.somaxconn).
    static constexpr int default_backlog = 4096;

    /// None: may be assigned to and destroyed.
    TcpListener() noexcept = default;

    /// Listens at `address`; port 0: at a port that is free, which `local_addr` tells. Throws "cannot listen at
    /// 127.0.0.1:80: Permission denied". Waits for nothing, so it needs no runtime.
    static TcpListener listen(const SocketAddr& address, int backlog = default_backlog);
    /// Listens at "host:port", at the first address of the host where it can.
    static Async<TcpListener> bind(std::string host_and_port, int backlog = default_backlog);

    /// See `accept`.
    class [[nodiscard]] Accept {
      public:
        using Output = TcpStream;

        explicit Accept(TcpListener& listener) noexcept : listener_(&listener) {}

        Poll<TcpStream> poll(Context& cx) {
            contract_.begin("accept");
            Poll<TcpStream> accepted = listener_->poll_accept(cx);
            if (accepted.is_pending()) {
                return contract_.pending();
            }
            return accepted;
        }

      private:
        [[no_unique_address]] Contract contract_;
        TcpListener* listener_;
    };

    /// A future of the next connection. Throws EMFILE, ENFILE, ENOMEM when there is no room for it: the connection goes on
    /// waiting, so wait a little and accept again. One task at a time accepts.
    Accept accept() noexcept { return Accept(*this); }
    Poll<TcpStream> poll_accept(Context& cx);

    /// Where it listens.
    SocketAddr local_addr() const;
    int fd() const noexcept { return source_.fd(); }
    explicit operator bool() const noexcept { return static_cast<bool>(source_); }

  private:
    explicit TcpListener(sys::Fd socket) noexcept : source_(std::move(socket)) {}

    IoSource source_;
};

inline TcpListener TcpListener::listen(const SocketAddr& address, int backlog) {
    auto require = [&address](int result) {
        if (result < 0) {
            throw std::system_error(-result, std::system_category(), "cannot listen at " + address.to_string());
        }
        return result;
    };
    sys::Fd socket(require(sys::tcp_socket(address.is_v6() ? AF_INET6 : AF_INET)));
    // A server that is started again must not wait until the last connections of its predecessor are forgotten.
    require(sys::set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1));
    require(sys::bind(socket.get(), address.data(), address.size()));
    require(sys::listen(socket.get(), backlog));
    return TcpListener(std::move(socket));
}

inline Async<TcpListener> TcpListener::bind(std::string host_and_port, int backlog) {
    HostPort parsed = HostPort::parse(host_and_port);
    std::vector<SocketAddr> addresses = co_await resolve(std::move(parsed.host), parsed.port);
    for (std::size_t i = 0;; ++i) {
        try {
            co_return listen(addresses.at(i), backlog);
        } catch (const std::system_error&) {
            if (i + 1 == addresses.size()) {
                throw;
            }
        }
    }
}

inline Poll<TcpStream> TcpListener::poll_accept(Context& cx) {
    auto accept = [](int fd) {
        int result = sys::accept(fd);
        switch (result) {
            // The connection was gone before we took it, and Linux passes its error on: take the next.
            case -ECONNABORTED:
            case -EPROTO:
            case -ENETDOWN:
            case -ENETUNREACH:
            case -EHOSTDOWN:
            case -EHOSTUNREACH:
            case -ENONET:
            case -ENOPROTOOPT: return -EINTR;
            default: return result;
        }
    };
    Poll<std::size_t> socket = source_.poll_io(cx, Direction::read, IoSource::never_short, "accept", accept);
    if (socket.is_pending()) {
        return Pending;
    }
    return Ready(TcpStream(sys::Fd(static_cast<int>(socket.value()))));
}

inline SocketAddr TcpListener::local_addr() const {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* where = reinterpret_cast<sockaddr*>(&storage);
    if (int result = sys::local_address(source_.fd(), where, &size); result < 0) {
        throw sys::error(result, "local_addr");
    }
    return SocketAddr::from_system(where);
}

}  // namespace rt
