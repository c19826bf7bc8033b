/// \file
/// `BufReader<R>`: reads ahead from a stream and gives out lines.
///
/// A stream knows no lines. One read may end in the middle of a line, and the next one may bring the rest and three more
/// lines. So the bytes that were read stay here until a task takes them, by line or by `rt::read`. A `read_line` that is
/// dropped while it waits loses nothing. While there are no bytes, no memory is held.
///
/// A client may send a line that never ends. So a line above the limit is an error, and the next `read_line` skips it.
///
/// Writes go straight to the stream. For two tasks, split the stream first and make a BufReader of its ReadHalf.
///
/// Source: `tokio::io::{BufReader, AsyncBufReadExt}`.
#pragma once

#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/todo.hpp>

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
    std::string_view buffered() const noexcept { return bytes_; }

    // Given: gives out the bytes that were read ahead. If there are none, it reads, and a large read goes past the buffer.
    Poll<std::size_t> poll_read(Context& cx, std::span<char> into) {
        if (bytes_.empty()) {
            if (into.size() >= most_per_read) {
                return reader_.poll_read(cx, into);
            }
            if (poll_fill(cx).is_pending()) {
                return Pending;
            }
        }
        std::size_t count = bytes_.copy(into.data(), into.size());
        consume(count);
        return Ready(count);
    }
    // Given: a write goes straight to the stream.
    Poll<std::size_t> poll_write(Context& cx, std::string_view from)
        requires AsyncWrite<R>
    {
        return reader_.poll_write(cx, from);
    }
    // Given: the end of the writing goes straight to the stream, too.
    Poll<void> poll_shutdown(Context& cx)
        requires AsyncWrite<R>
    {
        return reader_.poll_shutdown(cx);
    }

  private:
    using Line = std::optional<std::string>;

    static constexpr std::size_t most_per_read = 8 * 1024;

    /// Reads once, at most `most_per_read` bytes, and puts them behind those that are there. Yields false at the end of the
    /// stream.
    Poll<bool> poll_fill(Context& cx) {
        // TODO(17.1) Read once, and keep what has come. A reader that waits must hold no memory for bytes that may come.
        todo("17.1 read some more bytes", cx);
    }

    /// The first `searched` bytes of the buffer are known to hold no '\n'.
    Poll<Line> poll_line(Context& cx, std::size_t& searched) {
        if (skipping_ && poll_skip(cx).is_pending()) {
            return Pending;
        }
        for (;;) {
            std::string_view text = first_line(searched);
            if (is_too_long(text)) {
                // TODO(17.2) Tell the caller, and only once. The next read_line must not give out the rest of this line.
                todo("17.2 refuse a line that is too long", text);
            }
            // The line is not above the limit, as far as it has come.
            // TODO(17.1) Give out `text` if it is a line. If it is only the beginning of one, read on. At the end of the
            // stream, yield the last line, and then nothing.
            todo("17.1 give out a line", cx, text);
        }
    }

    /// Drops a line that is too long, up to its end or the end of the stream. Then `skipping_` is false.
    Poll<void> poll_skip(Context& cx) {
        // TODO(17.2) Drop all bytes up to the end of the line, wherever the reads cut it. The end of the stream ends it, too.
        todo("17.2 skip the rest of the line", cx);
    }

    // Given: the first line in the buffer, with its end. If its end has not come, all that has come of it.
    std::string_view first_line(std::size_t& searched) const noexcept {
        std::size_t end = bytes_.find('\n', searched);
        bool found = end != std::string::npos;
        searched = found ? end : bytes_.size();
        return buffered().substr(0, found ? end + 1 : end);
    }

    // Given: takes the first `size` bytes out, and returns them without the end of the line.
    std::string take_line(std::size_t size) {
        std::string line(strip(buffered().substr(0, size)));
        consume(size);
        return line;
    }

    // Given: takes the first `count` bytes out, and moves the others to the front. An empty buffer has no memory.
    void consume(std::size_t count) noexcept {
        bytes_.erase(0, count);
        if (bytes_.empty()) {
            std::string().swap(bytes_);
        }
    }

    // Given: `text` without its "\n" or "\r\n".
    static std::string_view strip(std::string_view text) noexcept {
        if (text.ends_with('\n')) {
            text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
        }
        return text;
    }

    // Given: true if `text`, a line or the beginning of one, is above the limit. A '\r' at its end is not counted, because a
    // '\n' may follow it.
    bool is_too_long(std::string_view text) const noexcept {
        return strip(text).size() - (text.ends_with('\r') ? 1 : 0) > limit_;
    }
    // Given: what `read_line` throws then.
    std::system_error too_long() const {
        return {EMSGSIZE, std::system_category(), fmt::format("read_line: the line is longer than {} bytes", limit_)};
    }

    R reader_;
    std::size_t limit_;
    std::string bytes_;      // were read, and not taken
    bool skipping_ = false;  // the buffer begins inside of a line that was too long
};

}  // namespace rt
