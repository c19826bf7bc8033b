/// \file
/// `TcpStream`: one TCP connection. Read it, write it, say that no more will come, drop it.
///
/// What is not obvious about sockets, in one place:
///  - A non-blocking `connect` says "in progress"; how it ended is asked for when the socket becomes writable (SO_ERROR).
///    A socket whose connect failed is of no use: the next address gets a new one.
///  - A write to a connection that the other side has reset raises SIGPIPE, whose default is to kill the program:
///    MSG_NOSIGNAL makes an error of it (EPIPE).
///  - `shutdown` ends one direction: the other side reads to the end, and can still answer.
///
/// Reading and writing hold no buffer and make no allocation of their own.
///
/// Source of the idea: `tokio::net::TcpStream`.
#pragma once

#include <rt/async.hpp>
#include <rt/chunk.hpp>
#include <rt/io.hpp>
#include <rt/io_source.hpp>
#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys_socket.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rt {

class ReadHalf;
class WriteHalf;

class TcpStream {
  public:
    /// None: may be assigned to and destroyed.
    TcpStream() noexcept = default;
    /// Takes over a connected, non-blocking socket. Called by the listener, and by whoever has one from elsewhere.
    explicit TcpStream(sys::Fd socket) noexcept : source_(std::move(socket)) {}

    /// Connects to `address`. Throws "cannot connect to 127.0.0.1:1: Connection refused".
    static Async<TcpStream> connect(SocketAddr address);
    /// Connects to the first address of `host`, a name or a number, that answers. Throws what the last one said, or what the
    /// resolver said.
    static Async<TcpStream> connect(std::string host, std::uint16_t port);
    /// The same for "host:port"; throws `std::invalid_argument` if it is not of that form.
    static Async<TcpStream> connect(std::string host_and_port);

    /// Reads some bytes, as many as there are and `into` has room for; yields how many, 0 at the end of the stream.
    Read<TcpStream> read(std::span<char> into) noexcept { return Read<TcpStream>(*this, into); }
    /// Reads some bytes, `max` at most; the Chunk is empty at the end of the stream. Holds no memory while it waits.
    ReadChunk<TcpStream> read(std::size_t max) noexcept { return ReadChunk<TcpStream>(*this, max); }
    /// Reads to the end of the stream; throws EMSGSIZE as soon as more than `limit` bytes have come.
    ReadToString<TcpStream> read_to_string(std::size_t limit = std::numeric_limits<std::size_t>::max()) noexcept {
        return ReadToString<TcpStream>(*this, limit);
    }
    /// Writes all of `text`, which must stay where it is until then.
    WriteAll<TcpStream> write_all(std::string_view text) noexcept { return WriteAll<TcpStream>(*this, text); }
    /// Says that no more will be written. The other side reads the end of the stream, and can still write.
    Shutdown<TcpStream> shutdown() noexcept { return Shutdown<TcpStream>(*this); }

    /// Ends the reading: what has come already is still read, and then the end of the stream, also by a read that waits.
    /// Called to let whoever reads this stream come to an end. Throws nothing that matters to a connection that has gone.
    void shutdown_read() noexcept { sys::shutdown(source_.fd(), SHUT_RD); }

    // The polls under all of these, as <rt/io.hpp> wants them.
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        auto receive = [into](int fd) { return sys::recv(fd, into); };
        return source_.poll_io(cx, Direction::read, into.size(), "read", receive);
    }
    Poll<std::size_t> poll_write(Context& cx, std::string_view from) {
        auto send = [from](int fd) { return sys::send(fd, from); };
        return source_.poll_io(cx, Direction::write, from.size(), "write", send);
    }
    Poll<void> poll_shutdown(Context&) {
        int result = sys::shutdown(source_.fd(), SHUT_WR);
        if (result < 0 && result != -ENOTCONN) {  // not connected any more: then nothing is left to be said
            throw sys::error(result, "shutdown");
        }
        return Ready();
    }

    /// True: small writes are sent at once, and do not wait for the answer to the last one. Call it where questions and
    /// answers take turns.
    void set_nodelay(bool on) { set_option(IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0, "set_nodelay"); }
    /// Sets an integer option of the socket: `set_option(SOL_SOCKET, SO_SNDBUF, 4096, "SO_SNDBUF")`.
    void set_option(int level, int name, int value, const char* what) {
        if (int result = sys::set_option(source_.fd(), level, name, value); result < 0) {
            throw sys::error(result, what);
        }
    }

    /// The other side's address; throws ENOTCONN if it has gone.
    SocketAddr peer_addr() const { return address(sys::peer_address, "peer_addr"); }
    SocketAddr local_addr() const { return address(sys::local_address, "local_addr"); }

    /// The descriptor, or -1.
    int fd() const noexcept { return source_.fd(); }
    explicit operator bool() const noexcept { return static_cast<bool>(source_); }

  private:
    friend std::pair<ReadHalf, WriteHalf> split(TcpStream stream);
    class Connected;

    template <class Ask>
    SocketAddr address(Ask ask, const char* what) const {
        sockaddr_storage storage{};
        socklen_t size = sizeof storage;
        auto* where = reinterpret_cast<sockaddr*>(&storage);
        if (int result = ask(source_.fd(), where, &size); result < 0) {
            throw sys::error(result, what);
        }
        return SocketAddr::from_system(where);
    }

    IoSource source_;
};

/// A future of the end of a connect that is in progress.
class [[nodiscard]] TcpStream::Connected {
  public:
    using Output = void;

    explicit Connected(TcpStream& stream) noexcept : stream_(&stream) {}

    Poll<void> poll(Context& cx) {
        contract_.begin("connect");
        auto ask = [](int fd) {
            if (int error = sys::take_socket_error(fd); error != 0) {
                return error < 0 ? error : -error;
            }
            // No error, and not connected either: it is still in progress.
            sockaddr_storage storage{};
            socklen_t size = sizeof storage;
            int result = sys::peer_address(fd, reinterpret_cast<sockaddr*>(&storage), &size);
            return result == -ENOTCONN ? -EAGAIN : result;
        };
        if (stream_->source_.poll_io(cx, Direction::write, IoSource::never_short, "connect", ask).is_pending()) {
            return contract_.pending();
        }
        return Ready();
    }

  private:
    [[no_unique_address]] Contract contract_;
    TcpStream* stream_;
};

inline Async<TcpStream> TcpStream::connect(SocketAddr address) {
    try {
        int socket = sys::tcp_socket(address.is_v6() ? AF_INET6 : AF_INET);
        if (socket < 0) {
            throw sys::error(socket, "socket");
        }
        TcpStream stream((sys::Fd(socket)));
        int result = sys::connect(socket, address.data(), address.size());
        // Interrupted by a signal, it goes on all the same.
        if (result == -EINPROGRESS || result == -EINTR) {
            Connected connected(stream);
            co_await connected;
        } else if (result < 0) {
            throw sys::error(result, "connect");
        }
        co_return stream;
    } catch (const std::system_error& error) {
        throw std::system_error(error.code(), "cannot connect to " + address.to_string());
    }
}

inline Async<TcpStream> TcpStream::connect(std::string host, std::uint16_t port) {
    std::vector<SocketAddr> addresses = co_await resolve(std::move(host), port);
    for (std::size_t i = 0;; ++i) {
        try {
            co_return co_await connect(addresses.at(i));
        } catch (const std::system_error&) {
            if (i + 1 == addresses.size()) {
                throw;
            }
        }
    }
}

inline Async<TcpStream> TcpStream::connect(std::string host_and_port) {
    HostPort parsed = HostPort::parse(host_and_port);
    co_return co_await connect(std::move(parsed.host), parsed.port);
}

/// The reading side of a stream that was split. The connection is closed when both sides are gone.
class ReadHalf {
  public:
    Read<ReadHalf> read(std::span<char> into) noexcept { return Read<ReadHalf>(*this, into); }
    ReadChunk<ReadHalf> read(std::size_t max) noexcept { return ReadChunk<ReadHalf>(*this, max); }
    ReadToString<ReadHalf> read_to_string(std::size_t limit = std::numeric_limits<std::size_t>::max()) noexcept {
        return ReadToString<ReadHalf>(*this, limit);
    }
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) { return stream_->poll_read(cx, into); }

    /// Both sides together; called to ask for addresses and options.
    TcpStream& stream() const noexcept { return *stream_; }

  private:
    friend std::pair<ReadHalf, WriteHalf> split(TcpStream stream);
    explicit ReadHalf(std::shared_ptr<TcpStream> stream) noexcept : stream_(std::move(stream)) {}

    std::shared_ptr<TcpStream> stream_;
};

/// The writing side. When it is dropped, the other end reads the end of the stream, as after `shutdown`.
class WriteHalf {
  public:
    WriteHalf(WriteHalf&&) noexcept = default;
    WriteHalf& operator=(WriteHalf other) noexcept {
        stream_.swap(other.stream_);
        return *this;
    }
    ~WriteHalf() {
        if (stream_) {
            sys::shutdown(stream_->fd(), SHUT_WR);
        }
    }

    WriteAll<WriteHalf> write_all(std::string_view text) noexcept { return WriteAll<WriteHalf>(*this, text); }
    Shutdown<WriteHalf> shutdown() noexcept { return Shutdown<WriteHalf>(*this); }
    Poll<std::size_t> poll_write(Context& cx, std::string_view from) { return stream_->poll_write(cx, from); }
    Poll<void> poll_shutdown(Context& cx) { return stream_->poll_shutdown(cx); }

    TcpStream& stream() const noexcept { return *stream_; }

  private:
    friend std::pair<ReadHalf, WriteHalf> split(TcpStream stream);
    explicit WriteHalf(std::shared_ptr<TcpStream> stream) noexcept : stream_(std::move(stream)) {}

    std::shared_ptr<TcpStream> stream_;
};

/// Two owned sides, for two tasks, which may be on two threads. Called inside of a runtime.
inline std::pair<ReadHalf, WriteHalf> split(TcpStream stream) {
    stream.source_.prepare();
    auto shared = std::make_shared<TcpStream>(std::move(stream));
    return {ReadHalf(shared), WriteHalf(shared)};
}

}  // namespace rt
