/// \file
/// `BufReader<R>`: reads ahead from a stream and gives out lines.
///
/// A stream knows no lines. One read may end in the middle of a line, and the next one may bring the rest and three more
/// lines. So the bytes that were read stay here until a task takes them. A `read_line` that is dropped while it waits loses
/// nothing, and the bytes behind a line are there for the next read, by line or by `rt::read`.
///
/// A line has a limit, because a client may send a line that never ends. A longer line is an error and is skipped. The next
/// `read_line` gives the line after it.
///
/// A BufReader over a stream that can be written passes writes straight through. Two tasks must split it first.
///
/// Source: `tokio::io::{BufReader, AsyncBufReadExt}`.
#pragma once

#include <rt/buffer.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>

namespace rt {

template <AsyncRead R>
class BufReader {
  public:
    /// The limit of a line unless the constructor gets another: 1 MiB.
    static constexpr std::size_t default_limit = 1024 * 1024;

    /// Owns `reader`. A line may have `limit` bytes, its end not counted.
    explicit BufReader(R reader, std::size_t limit = default_limit) noexcept
        : reader_(std::move(reader)), limit_(limit) {}

    /// Yields the next line, without its "\n" or "\r\n". Yields nothing at the end of the stream. A last line without an
    /// end is a line. Throws EMSGSIZE for a line above the limit, and what the stream throws. May be dropped while it waits.
    auto read_line() {
        return poll_fn([this, searched = std::size_t{0}](Context& cx) mutable {
            return poll_piece(cx, Kind::line, '\n', searched);
        });
    }

    /// Yields the bytes up to and including `delimiter`. At the end of the stream yields the rest, or nothing. Otherwise
    /// like `read_line`.
    auto read_until(char delimiter) {
        return poll_fn([this, delimiter, searched = std::size_t{0}](Context& cx) mutable {
            return poll_piece(cx, Kind::until, delimiter, searched);
        });
    }

    /// Gives the stream back. What is `buffered` is lost.
    R into_inner() && { return std::move(reader_); }
    /// The bytes that were read and not taken.
    std::string_view buffered() const noexcept { return buffer_.view(); }

    // The polls that <rt/io.hpp> asks for.
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        if (buffer_.empty()) {
            if (into.size() >= buffer_.first_size()) {
                return reader_.poll_read(cx, into);  // as much at once as the buffer would get
            }
            Poll<bool> more = buffer_.poll_fill(cx, reader_);
            if (more.is_pending()) {
                return Pending;
            }
        }
        std::size_t count = std::min(into.size(), buffer_.view().size());
        std::copy_n(buffer_.view().begin(), count, into.begin());
        buffer_.consume(count);
        return Ready(count);
    }
    Poll<std::size_t> poll_write(Context& cx, std::string_view from)
        requires AsyncWrite<R>
    {
        return reader_.poll_write(cx, from);
    }
    Poll<void> poll_shutdown(Context& cx)
        requires AsyncWrite<R>
    {
        return reader_.poll_shutdown(cx);
    }

  private:
    using Piece = std::optional<std::string>;

    enum class Kind : unsigned char { line, until };

    /// Yields a piece that ends with `delimiter`. The first `searched` bytes of the buffer are known not to be the
    /// delimiter.
    Poll<Piece> poll_piece(Context& cx, Kind kind, char delimiter, std::size_t& searched) {
        for (;;) {
            char wanted = skip_to_.value_or(delimiter);
            std::size_t end = buffer_.view().find(wanted, searched);
            bool found = end != std::string_view::npos;
            std::string_view text = buffer_.view().substr(0, found ? end + 1 : end);
            if (skip_to_ || is_too_long(kind, text, delimiter)) {
                bool is_new = !skip_to_;
                skip_to_ = found ? std::nullopt : std::optional(wanted);
                buffer_.consume(text.size());
                searched = 0;
                if (is_new) {
                    throw_too_long(kind);
                }
                if (found) {
                    continue;
                }
            } else if (found) {
                return Ready<Piece>(take_piece(kind, text.size()));
            } else {
                searched = text.size();
            }
            Poll<bool> more = buffer_.poll_fill(cx, reader_);
            if (more.is_pending()) {
                return Pending;
            }
            if (!more.value()) {
                skip_to_.reset();
                return Ready<Piece>(buffer_.empty() ? Piece() : take_piece(kind, buffer_.view().size()));
            }
        }
    }

    /// Takes the first `size` bytes out of the buffer. Returns what the caller of `read_line` or `read_until` gets of them.
    std::string take_piece(Kind kind, std::size_t size) {
        std::string piece(strip(kind, buffer_.view().substr(0, size)));
        buffer_.consume(size);
        return piece;
    }

    /// `text` without its "\n" or "\r\n", if it is to be a line.
    static std::string_view strip(Kind kind, std::string_view text) noexcept {
        if (kind == Kind::line && text.ends_with('\n')) {
            text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
        }
        return text;
    }

    /// True if `text`, a piece or the beginning of one, is above the limit.
    bool is_too_long(Kind kind, std::string_view text, char delimiter) const noexcept {
        std::size_t size = strip(kind, text).size();
        if (size == text.size() && size > 0) {
            // Not counted: a delimiter, and a '\r' that may belong to a "\r\n".
            size -= text.back() == (kind == Kind::line ? '\r' : delimiter) ? 1 : 0;
        }
        return size > limit_;
    }

    [[noreturn]] void throw_too_long(Kind kind) const {
        throw std::system_error(EMSGSIZE, std::system_category(),
                                kind == Kind::line ? fmt::format("read_line: the line is longer than {} bytes", limit_)
                                                   : fmt::format("read_until: no delimiter within {} bytes", limit_));
    }

    R reader_;
    std::size_t limit_;
    Buffer buffer_{8 * 1024};
    std::optional<char> skip_to_;  // up to this, the bytes belong to a piece that was too long
};

}  // namespace rt
