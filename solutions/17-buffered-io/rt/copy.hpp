/// \file
/// `copy(reader, writer)` and `copy_bidirectional(a, b)`: write everything that is read, until the end of the stream.
///
/// Nothing is read before the last bytes are written, so at most one buffer of bytes is under way. A slow writer thereby
/// slows the reader down, and through TCP also the sender behind it. A direction that waits to read holds no memory.
///
/// Source: `tokio::io::{copy, copy_bidirectional}`.
#pragma once

#include <rt/buffer.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace rt {

/// See `copy`.
template <AsyncRead R, AsyncWrite W>
class [[nodiscard]] Copy {
  public:
    using Output = std::uint64_t;

    Copy(R& reader, W& writer) noexcept : reader_(&reader), writer_(&writer) {}

    Poll<std::uint64_t> poll(Context& cx) {
        contract_.begin("copy");
        for (;;) {
            while (!buffer_.empty()) {
                Poll<std::size_t> written = writer_->poll_write(cx, buffer_.view());
                if (written.is_pending()) {
                    return contract_.pending();
                }
                if (written.value() == 0) {
                    throw std::system_error(EPIPE, std::system_category(), "copy: the stream takes no more bytes");
                }
                buffer_.consume(written.value());
                copied_ += written.value();
            }
            Poll<bool> more = buffer_.poll_fill(cx, *reader_);
            if (more.is_pending()) {
                return contract_.pending();
            }
            if (!more.value()) {
                return Ready(copied_);
            }
        }
    }

  private:
    [[no_unique_address]] Contract contract_;
    R* reader_;
    W* writer_;
    std::uint64_t copied_ = 0;
    Buffer buffer_{16 * 1024};
};

/// Writes everything that `reader` yields to `writer`. Yields how many bytes that were. Does not shut `writer` down. Throws
/// what either of them throws. Both must outlive the future. A copy that is dropped loses the bytes that it has read and
/// not yet written.
template <AsyncRead R, AsyncWrite W>
Copy<R, W> copy(R& reader, W& writer) noexcept {
    return Copy<R, W>(reader, writer);
}

namespace detail {

/// One direction: copies, then shuts the writer down.
template <class R, class W>
class CopyAndShutdown {
  public:
    CopyAndShutdown(R& reader, W& writer) noexcept : writer_(&writer), copy_(reader, writer) {}

    /// True once the writer has been shut down.
    bool poll(Context& cx) {
        if (state_ == State::copying) {
            Poll<std::uint64_t> copied = copy_.poll(cx);
            if (copied.is_pending()) {
                return false;
            }
            copied_ = copied.value();
            state_ = State::shutting_down;
        }
        if (state_ == State::shutting_down && writer_->poll_shutdown(cx).is_ready()) {
            state_ = State::done;
        }
        return state_ == State::done;
    }

    std::uint64_t copied() const noexcept { return copied_; }

  private:
    enum class State : unsigned char { copying, shutting_down, done };

    State state_ = State::copying;
    W* writer_;
    std::uint64_t copied_ = 0;
    Copy<R, W> copy_;
};

}  // namespace detail

/// Copies in both directions at once, as a proxy does. Yields how many bytes went from `a` to `b` and from `b` to `a`. When
/// one side ends, the other one is shut down for writing, and the opposite direction goes on. The first error ends both
/// directions and is thrown.
template <class A, class B>
    requires AsyncRead<A> && AsyncWrite<A> && AsyncRead<B> && AsyncWrite<B>
auto copy_bidirectional(A& a, B& b) {
    return poll_fn([a_to_b = detail::CopyAndShutdown(a, b), b_to_a = detail::CopyAndShutdown(b, a)](
                       Context& cx) mutable -> Poll<std::pair<std::uint64_t, std::uint64_t>> {
        bool a_is_done = a_to_b.poll(cx);
        bool b_is_done = b_to_a.poll(cx);
        if (!a_is_done || !b_is_done) {
            return Pending;
        }
        return Ready(std::pair(a_to_b.copied(), b_to_a.copied()));
    });
}

}  // namespace rt
