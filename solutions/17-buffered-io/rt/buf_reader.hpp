/// \file
/// `BufReader<R>`: reads ahead from a stream and gives out lines.
///
/// A stream knows no lines. One read may end in the middle of a line, and the next one may bring the rest and three more
/// lines. So the bytes that were read stay here until a task takes them, by line or by `rt::read`. A `read_line` that is
/// dropped while it waits loses nothing. While there are no bytes, no memory is held.
///
/// A client may send a line that never ends. So a line above the limit is an error, and is skipped by the next `read_line`.
///
/// Writes go straight to the stream. For two tasks, split the stream first and make a BufReader of its ReadHalf.
///
/// Source: `tokio::io::{BufReader, AsyncBufReadExt}`.
#pragma once

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

#include <fmt/format.h>

namespace rt {

template <AsyncRead R>
class BufReader {
  public:
    /// Owns `reader`. A line may have `limit` bytes, its end not counted. By default that is 1 MiB.
    explicit BufReader(R reader, std::size_t limit = 1024 * 1024) noexcept
        : reader_(std::move(reader)), limit_(limit) {}

    /// Yields the next line, without its "\n" or "\r\n", and nothing at the end of the stream. A last line without an end is a
    /// line. Throws EMSGSIZE for a line above the limit, and what the stream throws.
    auto read_line() {
        return poll_fn([this, searched = std::size_t{0}](Context& cx) mutable { return poll_line(cx, searched); });
    }

    /// The bytes that were read and not taken.
    std::string_view buffered() const noexcept {
        return std::string_view(bytes_).substr(std::min(taken_, bytes_.size()));
    }

    // The polls that <rt/io.hpp> asks for.
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        if (buffered().empty()) {
            if (into.size() >= most_per_read) {
                return reader_.poll_read(cx, into);
            }
            if (poll_fill(cx).is_pending()) {
                return Pending;
            }
        }
        std::size_t count = buffered().copy(into.data(), into.size());
        consume(count);
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
    using Line = std::optional<std::string>;

    static constexpr std::size_t most_per_read = 8 * 1024;

    /// The first `searched` bytes of `buffered()` are known to hold no end of a line.
    Poll<Line> poll_line(Context& cx, std::size_t& searched) {
        for (;;) {
            std::size_t end = buffered().find('\n', searched);
            bool found = end != std::string_view::npos;
            std::string_view text = buffered().substr(0, found ? end + 1 : end);
            if (skipping_ || is_too_long(text)) {
                bool is_new = !std::exchange(skipping_, !found);
                consume(text.size());
                searched = 0;
                if (is_new) {
                    throw std::system_error(EMSGSIZE, std::system_category(),
                                            fmt::format("read_line: the line is longer than {} bytes", limit_));
                }
                if (found) {
                    continue;
                }
            } else if (found) {
                return Ready<Line>(take_line(text.size()));
            } else {
                searched = text.size();
            }
            Poll<bool> more = poll_fill(cx);
            if (more.is_pending()) {
                return Pending;
            }
            if (!more.value()) {
                skipping_ = false;
                return Ready<Line>(buffered().empty() ? Line() : take_line(buffered().size()));
            }
        }
    }

    /// Reads some bytes behind those that are there. Yields false at the end of the stream.
    Poll<bool> poll_fill(Context& cx) {
        char bytes[most_per_read];
        Poll<std::size_t> read = reader_.poll_read(cx, bytes);
        if (read.is_pending()) {
            return Pending;
        }
        bytes_.erase(0, std::exchange(taken_, 0));
        bytes_.append(bytes, read.value());
        return Ready(read.value() != 0);
    }

    /// Takes the first `count` bytes out.
    void consume(std::size_t count) noexcept {
        taken_ += count;
        if (buffered().empty()) {
            std::string().swap(bytes_);  // frees the memory
            taken_ = 0;
        }
    }

    /// Takes the first `size` bytes out, and returns them without the end of the line.
    std::string take_line(std::size_t size) {
        std::string line(strip(buffered().substr(0, size)));
        consume(size);
        return line;
    }

    /// `text` without its "\n" or "\r\n".
    static std::string_view strip(std::string_view text) noexcept {
        if (text.ends_with('\n')) {
            text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
        }
        return text;
    }

    /// True if `text`, a line or the beginning of one, is above the limit. A '\r' at its end is not counted, because a '\n'
    /// may follow it.
    bool is_too_long(std::string_view text) const noexcept {
        return strip(text).size() - (text.ends_with('\r') ? 1 : 0) > limit_;
    }

    R reader_;
    std::size_t limit_;
    std::string bytes_;  // the first `taken_` of them have been taken. Fewer if this was moved from
    std::size_t taken_ = 0;
    bool skipping_ = false;  // until the end of a line that was too long
};

}  // namespace rt
