/// \file
/// `copy(reader, writer)` and `copy_bidirectional(a, b)`: bytes from here to there, until there are no more.
///
/// At most one buffer full of bytes is under way: nothing is read before the last bytes are written. So a slow writer slows
/// the reader down, and behind it, through TCP, whoever sends. A direction that waits to read holds no memory.
///
/// Source of the idea: `tokio::io::{copy, copy_bidirectional}`.
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

/// Writes all that `reader` yields to `writer`; yields how many bytes that were. Does not shut `writer` down. Throws what
/// either of them throws. Both must outlive it. Dropped before it is done, it loses what it has read and not yet written.
template <AsyncRead R, AsyncWrite W>
Copy<R, W> copy(R& reader, W& writer) noexcept {
    return Copy<R, W>(reader, writer);
}

namespace detail {

/// One direction: copies, then passes the end on.
template <class R, class W>
class CopyAndShutdown {
  public:
    CopyAndShutdown(R& reader, W& writer) noexcept : writer_(&writer), copy_(reader, writer) {}

    /// True when the end of the stream has been passed on.
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

/// See `copy_bidirectional`.
template <class A, class B>
class [[nodiscard]] CopyBidirectional {
  public:
    using Output = std::pair<std::uint64_t, std::uint64_t>;

    CopyBidirectional(A& a, B& b) noexcept : a_to_b_(a, b), b_to_a_(b, a) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("copy_bidirectional");
        bool a_is_done = a_to_b_.poll(cx);
        bool b_is_done = b_to_a_.poll(cx);
        if (!a_is_done || !b_is_done) {
            return contract_.pending();
        }
        return Ready(Output(a_to_b_.copied(), b_to_a_.copied()));
    }

  private:
    [[no_unique_address]] Contract contract_;
    detail::CopyAndShutdown<A, B> a_to_b_;
    detail::CopyAndShutdown<B, A> b_to_a_;
};

/// Copies both ways at once, as a proxy does; yields how many bytes went from `a` to `b` and from `b` to `a`. When one side
/// ends, the other one's writing is shut down, and the way back goes on. The first error ends both and is thrown.
template <class A, class B>
    requires AsyncRead<A> && AsyncWrite<A> && AsyncRead<B> && AsyncWrite<B>
CopyBidirectional<A, B> copy_bidirectional(A& a, B& b) noexcept {
    return CopyBidirectional<A, B>(a, b);
}

}  // namespace rt
