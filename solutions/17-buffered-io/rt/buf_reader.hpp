/// \file
/// `BufReader<R>`: reads ahead from anything that can be read, and gives out lines.
///
/// A stream knows no lines: one read may end in the middle of a line, the next may bring the rest and three more. So what was
/// read is kept here until somebody takes it, and here only: a `read_line` that is dropped while it waits loses nothing,
/// and what follows a line is still there for whoever reads next, by line or by `rt::read`.
///
/// Nobody sends a line without end to us for long: a line has a limit. One that exceeds it is an error, and is skipped; the
/// next `read_line` gives the line after it.
///
/// If the stream can be written too, so can the BufReader: writes go straight through. So one object serves for questions
/// and answers; for two tasks, split the stream first.
///
/// Source of the idea: `tokio::io::{BufReader, AsyncBufReadExt}`.
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

template <class R>
class ReadLine;
template <class R>
class ReadUntil;
template <class R>
class Lines;

template <AsyncRead R>
class BufReader {
  public:
    /// How long a line may be, unless the constructor says otherwise: 1 MiB.
    static constexpr std::size_t default_limit = 1024 * 1024;

    /// Owns `reader`. A line may have `limit` bytes, its end not counted.
    explicit BufReader(R reader, std::size_t limit = default_limit) noexcept
        : reader_(std::move(reader)), limit_(limit) {}

    /// The next line, without the "\n" or "\r\n" at its end; nothing at the end of the stream. A last line that nobody ended
    /// is a line. Throws EMSGSIZE if it is longer than the limit, and what the stream throws. May be dropped while it waits.
    ReadLine<R> read_line() noexcept { return ReadLine<R>(*this); }

    /// The bytes up to `delimiter`, which is included; at the end of the stream those that are left, or nothing. Otherwise
    /// as `read_line`.
    ReadUntil<R> read_until(char delimiter) noexcept { return ReadUntil<R>(*this, delimiter); }

    /// `while (auto line = co_await lines.next_line())`. Uses this reader, which must outlive it.
    Lines<R> lines() noexcept { return Lines<R>(*this); }

    /// What it reads from. Called to ask for an address, to set an option; reading from it passes by what is buffered.
    R& get_ref() noexcept { return reader_; }
    const R& get_ref() const noexcept { return reader_; }
    /// Gives the stream back. What is `buffered` is lost: look at it before, or read it.
    R into_inner() && { return std::move(reader_); }
    /// What was read and not yet given out.
    std::string_view buffered() const noexcept { return buffer_.view(); }

    // It can be read (and written) as any stream.
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        if (buffer_.empty()) {
            if (into.size() >= buffer_.first_size()) {
                return reader_.poll_read(cx, into);  // as much at once as we should have read
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
    friend ReadLine<R>;
    friend ReadUntil<R>;
    using Piece = std::optional<std::string>;

    enum class Kind : unsigned char { line, until };

    /// A piece that ends with `delimiter`. `searched` is how many bytes of the buffer are known not to be the delimiter.
    Poll<Piece> poll_piece(Context& cx, Kind kind, char delimiter, std::size_t& searched);

    /// What is given out of `text`, which ends with the delimiter or at the end of the stream.
    static std::string_view strip(Kind kind, std::string_view text) noexcept {
        if (kind == Kind::line && text.ends_with('\n')) {
            text.remove_suffix(1);
            if (text.ends_with('\r')) {
                text.remove_suffix(1);
            }
        }
        return text;
    }

    /// True if `text`, which may be the beginning of a piece, has too many bytes already.
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
    std::optional<char> skip_to_;  // the rest of a piece that was too long, up to this, is not wanted
};

template <AsyncRead R>
Poll<std::optional<std::string>> BufReader<R>::poll_piece(Context& cx, Kind kind, char delimiter,
                                                          std::size_t& searched) {
    for (;;) {
        char wanted = skip_to_.value_or(delimiter);
        std::size_t end = buffer_.view().find(wanted, searched);
        bool found = end != std::string_view::npos;
        std::string_view text = buffer_.view().substr(0, found ? end + 1 : std::string_view::npos);

        if (skip_to_ || is_too_long(kind, text, delimiter)) {
            bool is_news = !skip_to_;
            skip_to_ = found ? std::nullopt : std::optional(wanted);
            buffer_.consume(text.size());
            searched = 0;
            if (is_news) {
                throw_too_long(kind);
            }
            if (found) {
                continue;
            }
        } else if (found) {
            std::string piece(strip(kind, text));
            buffer_.consume(text.size());
            return Ready<Piece>(std::move(piece));
        } else {
            searched = text.size();
        }

        Poll<bool> more = buffer_.poll_fill(cx, reader_);
        if (more.is_pending()) {
            return Pending;
        }
        if (!more.value()) {
            skip_to_.reset();
            if (buffer_.empty()) {
                return Ready<Piece>(std::nullopt);
            }
            std::string piece(buffer_.view());
            buffer_.consume(piece.size());
            return Ready<Piece>(std::move(piece));
        }
    }
}

/// See `BufReader::read_line`.
template <class R>
class [[nodiscard]] ReadLine {
  public:
    using Output = std::optional<std::string>;

    explicit ReadLine(BufReader<R>& reader) noexcept : reader_(&reader) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("read_line");
        Poll<Output> line = reader_->poll_piece(cx, BufReader<R>::Kind::line, '\n', searched_);
        if (line.is_pending()) {
            return contract_.pending();
        }
        return line;
    }

  private:
    [[no_unique_address]] Contract contract_;
    BufReader<R>* reader_;
    std::size_t searched_ = 0;
};

/// See `BufReader::read_until`.
template <class R>
class [[nodiscard]] ReadUntil {
  public:
    using Output = std::optional<std::string>;

    ReadUntil(BufReader<R>& reader, char delimiter) noexcept : delimiter_(delimiter), reader_(&reader) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("read_until");
        Poll<Output> piece = reader_->poll_piece(cx, BufReader<R>::Kind::until, delimiter_, searched_);
        if (piece.is_pending()) {
            return contract_.pending();
        }
        return piece;
    }

  private:
    [[no_unique_address]] Contract contract_;
    char delimiter_;
    BufReader<R>* reader_;
    std::size_t searched_ = 0;
};

/// See `BufReader::lines`.
template <class R>
class Lines {
  public:
    explicit Lines(BufReader<R>& reader) noexcept : reader_(&reader) {}

    /// As `read_line`.
    ReadLine<R> next_line() noexcept { return reader_->read_line(); }

  private:
    BufReader<R>* reader_;
};

}  // namespace rt
