/// \file
/// `TcpStream`: one TCP connection. Read it, write it, shut it down, drop it.
///
/// Three things about sockets are not obvious:
///  - A non-blocking `connect` answers "in progress". When the socket becomes writable, a second `connect` tells how
///    the first one ended. A socket whose connect failed is useless, so the next address gets a new one.
///  - A write to a reset connection raises SIGPIPE, which kills the program. With MSG_NOSIGNAL it fails with EPIPE.
///  - `shutdown` ends one direction. The other side reads to the end, and can still answer.
///
/// Thread safety: one task may read while another one writes (see `split` in split.hpp).
///
/// Source: `tokio::net::TcpStream`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/io_source.hpp>
#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys_socket.hpp>
#include <rt/todo.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rt {

class TcpStream {
  public:
    /// Has no socket. Only assign to this object, or destroy it.
    TcpStream() noexcept = default;
    /// Owns `socket`, a stream socket that must be connected and non-blocking. `is_tcp`: `socket` is a TCP socket.
    explicit TcpStream(sys::Fd socket, bool is_tcp = false) noexcept : source_(std::move(socket), is_tcp) {}

    /// Connects a new socket to `address`. Throws "cannot connect to 127.0.0.1:1: Connection refused".
    static Async<TcpStream> connect(SocketAddr address);
    /// Connects to the first address of `host` that answers. Throws the error of the last address, or of the resolver.
    static Async<TcpStream> connect(std::string host, std::uint16_t port);
    // Given: the same for "host:port". Throws `std::invalid_argument` if there is no port.
    static Async<TcpStream> connect(std::string host_and_port);

    // Given: reads the bytes that are there, as far as `into` has room. Yields how many, 0 at the end of the stream.
    auto read(std::span<char> into) { return source_.alone(Direction::read, rt::read(*this, into)); }
    /// Yields at most `max` bytes as a Chunk, which is empty at the end of the stream. Holds no memory while it waits. Here and
    /// below, `alone` reports in a debug build if two tasks wait to read, or two wait to write.
    auto read(std::size_t max) { return source_.alone(Direction::read, rt::read(*this, max)); }
    // Given: reads to the end of the stream. Throws EMSGSIZE as soon as more than `limit` bytes have come.
    auto read_to_string(std::size_t limit = no_limit) {
        return source_.alone(Direction::read, rt::read_to_string(*this, limit));
    }
    /// Writes all of `text`, which must outlive the future.
    auto write_all(std::string_view text) { return source_.alone(Direction::write, rt::write_all(*this, text)); }
    /// Ends the writing. The other side reads the end of the stream, and can still write.
    auto shutdown() { return rt::shutdown(*this); }
    // Given: reads what has come already, and then the end of the stream. Ends a read that waits. Called by a server that stops.
    void shutdown_read() noexcept { sys::shutdown(source_.fd(), SHUT_RD); }

    // Given: registers with the current runtime. Called by `split`, before two threads share the stream.
    void prepare() { source_.prepare(); }

    // The polls that <rt/io.hpp> asks for. `poll_io` of lesson 12 calls the lambda when a try is worthwhile.
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        // TODO(13.2) Receive bytes into `into` (`sys::recv`), or wait until there are some. Give an error the name "read".
        todo("13.2 read from the socket", cx, into);
    }
    Poll<std::size_t> poll_write(Context& cx, std::string_view from) {
        // TODO(13.2) Send bytes of `from` (`sys::send`), or wait until there is room. Give an error the name "write".
        todo("13.2 write to the socket", cx, from);
    }
    // Given: it never waits.
    Poll<void> poll_shutdown(Context&) {
        int result = sys::shutdown(source_.fd(), SHUT_WR);
        if (result != -ENOTCONN) {  // not connected any more: there is no other side to tell
            sys::check(result, "shutdown");
        }
        return Ready();
    }

    // Given: if `on`, the kernel sends a small write at once, and doesn't wait until the previous one was acknowledged.
    void set_nodelay(bool on) {
        sys::check(sys::set_option(source_.fd(), IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0), "set_nodelay");
    }

    // Given: the other side's address. Throws ENOTCONN if the connection is gone.
    SocketAddr peer_addr() const { return SocketAddr::of_socket(fd(), sys::peer_address, "peer_addr"); }
    // Given: this side's address.
    SocketAddr local_addr() const { return SocketAddr::of_socket(fd(), sys::local_address, "local_addr"); }

    // Given: the descriptor, or -1.
    int fd() const noexcept { return source_.fd(); }

  private:
    /// Waits until the socket is connected to `address`. Throws the error of the connect, with `what`.
    Poll<void> poll_connect(Context& cx, const SocketAddr& address, const char* what) {
        auto connect = [&address](int fd) -> int {
            // TODO(13.3) Connect, or ask how the connect goes on. Answer like the kernel does for a read: -EAGAIN means "wait".
            todo("13.3 ask for the connection", fd, address);
        };
        return source_.poll_io(cx, Direction::write, IoSource::never_short, what, connect).map([](std::size_t) {});
    }

    IoSource source_;
};

inline Async<TcpStream> TcpStream::connect(SocketAddr address) {
    std::string const what = "cannot connect to " + address.to_string();
    // TODO(13.3) Make a stream of a new socket, wait until it is connected, and yield it. Give an error the name `what`.
    todo("13.3 connect to one address", address, what);
}

inline Async<TcpStream> TcpStream::connect(std::string host, std::uint16_t port) {
    std::vector<SocketAddr> addresses = co_await resolve(std::move(host), port);
    // TODO(13.3) Yield a connection to the first address that answers. If none does, throw the error of the last one.
    todo("13.3 try one address after the other", addresses);
}

// Given: the same for what the user typed.
inline Async<TcpStream> TcpStream::connect(std::string host_and_port) {
    HostPort parsed = HostPort::parse(host_and_port);
    co_return co_await connect(std::move(parsed.host), parsed.port);
}

}  // namespace rt
