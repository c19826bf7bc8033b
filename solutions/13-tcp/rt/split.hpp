/// \file
/// Given: a TcpStream in two halves, for two tasks. From lesson 17 on you use `split(stream)`.
///
/// The connection is closed when both halves are gone. The halves may be used on two threads.
///
/// Source: `tokio::net::TcpStream::into_split`.
#pragma once

#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/sys_socket.hpp>
#include <rt/tcp_stream.hpp>
#include <rt/violation.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace rt {

/// The half to read from.
class ReadHalf {
  public:
    /// Called by `split`.
    explicit ReadHalf(std::shared_ptr<TcpStream> stream) noexcept : stream_(std::move(stream)) {}

    auto read(std::size_t max) { return stream().read(max); }
    auto read_to_string(std::size_t limit = no_limit) { return stream().read_to_string(limit); }
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) { return stream().poll_read(cx, into); }

  private:
    TcpStream& stream() const noexcept {
        return detail::checked(stream_,
                               "a ReadHalf was used after it was moved from. Use the object that it was moved to.");
    }

    std::shared_ptr<TcpStream> stream_;
};

/// The half to write to. When it is dropped, the other side reads the end of the stream, as after `shutdown`.
class WriteHalf {
    struct EndWriting {
        void operator()(TcpStream* stream) const noexcept { sys::shutdown(stream->fd(), SHUT_WR); }
        std::shared_ptr<TcpStream> shared;
    };

  public:
    /// Called by `split`.
    explicit WriteHalf(const std::shared_ptr<TcpStream>& stream) noexcept : stream_(stream.get(), EndWriting{stream}) {}

    auto write_all(std::string_view text) { return stream().write_all(text); }
    auto shutdown() { return rt::shutdown(*this); }
    Poll<std::size_t> poll_write(Context& cx, std::string_view from) { return stream().poll_write(cx, from); }
    Poll<void> poll_shutdown(Context& cx) { return stream().poll_shutdown(cx); }

  private:
    TcpStream& stream() const noexcept {
        return detail::checked(stream_,
                               "a WriteHalf was used after it was moved from. Use the object that it was moved to.");
    }

    std::unique_ptr<TcpStream, EndWriting> stream_;
};

/// Two halves of `stream`. Called inside of a runtime.
inline std::pair<ReadHalf, WriteHalf> split(TcpStream stream) {
    stream.prepare();  // because two threads may use it from now on
    auto shared = std::make_shared<TcpStream>(std::move(stream));
    return {ReadHalf(shared), WriteHalf(shared)};
}

}  // namespace rt
