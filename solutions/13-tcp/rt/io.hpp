/// \file
/// The concepts `AsyncRead` and `AsyncWrite`, and the futures that work on every stream: a socket, a pipe, a buffer, a mock.
///
/// A stream offers three polls, which throw `std::system_error`:
///
///   Poll<std::size_t> poll_read(Context&, std::span<char> into)        0 is the end of the stream
///   Poll<std::size_t> poll_write(Context&, std::string_view from)      may write less than all of it
///   Poll<void>        poll_shutdown(Context&)                          no more will be written
///
/// Invariants: a poll that returns Pending has taken nothing from the stream, and has kept the waker. So a `read` that
/// is dropped has lost no byte. But a dropped `read_to_string` loses what it has read, and nobody knows how much a
/// dropped `write_all` has written. Each future keeps the stream's address, so the stream must outlive it and not move.
///
/// Source: Tokio's `AsyncRead`, `AsyncWrite`, and their `Ext` traits.
#pragma once

#include <rt/chunk.hpp>
#include <rt/future.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rt {

/// A stream that bytes come out of.
template <class R>
concept AsyncRead = requires(R& reader, Context& cx, std::span<char> into) {
    { reader.poll_read(cx, into) } -> std::same_as<Poll<std::size_t>>;
};

/// A stream that bytes go into.
template <class W>
concept AsyncWrite = requires(W& writer, Context& cx, std::string_view from) {
    { writer.poll_write(cx, from) } -> std::same_as<Poll<std::size_t>>;
    { writer.poll_shutdown(cx) } -> std::same_as<Poll<void>>;
};

// Given: reads into a buffer of the caller's, which must not be empty and must outlive the future. Yields how many bytes have
// come, 0 at the end of the stream.
template <AsyncRead R>
auto read(R& reader, std::span<char> into) {
    return poll_fn([&reader, into](Context& cx) { return reader.poll_read(cx, into); });
}

/// Yields at most `max` bytes as a Chunk, which is empty at the end of the stream. Holds no memory while it waits.
template <AsyncRead R>
auto read(R& reader, std::size_t max) {
    return poll_fn([&reader, max](Context& cx) -> Poll<Chunk> {
        auto memory = std::make_unique_for_overwrite<char[]>(max);  // make_unique would write zeros first
        Poll<std::size_t> read = reader.poll_read(cx, {memory.get(), max});
        if (read.is_pending()) {
            return Pending;
        }
        return Ready(Chunk(std::move(memory), read.value()));
    });
}

/// The `limit` of a read_to_string without a limit.
inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

namespace detail {
// Given: what `read_to_string` throws when more bytes have come than its limit.
inline std::system_error too_long() {
    return {EMSGSIZE, std::system_category(), "read_to_string: the stream is longer than the limit"};
}
// Given: what `write_all` throws when a write has taken no byte.
inline std::system_error takes_no_more() {
    return {EPIPE, std::system_category(), "write_all: the stream takes no more bytes"};
}
}  // namespace detail

/// Reads to the end of the stream. Throws `detail::too_long()` as soon as more than `limit` bytes have come. Holds no memory but
/// the text while it waits.
template <AsyncRead R>
auto read_to_string(R& reader, std::size_t limit = no_limit) {
    return poll_fn([&reader, limit, text = std::string()](Context& cx) mutable -> Poll<std::string> {
        constexpr std::size_t step = 16 * 1024;
        auto memory = std::make_unique_for_overwrite<char[]>(step);
        for (;;) {
            Poll<std::size_t> read = reader.poll_read(cx, {memory.get(), step});
            if (read.is_pending()) {
                return Pending;
            }
            if (read.value() == 0) {
                return Ready<std::string>(std::move(text));
            }
            if (read.value() > limit - text.size()) {
                throw detail::too_long();
            }
            text.append(memory.get(), read.value());
        }
    });
}

/// Writes all of `text`, in as many pieces as it takes. `text` must outlive the future. Throws `detail::takes_no_more()` if a
/// write takes no byte.
template <AsyncWrite W>
auto write_all(W& writer, std::string_view text) {
    return poll_fn([&writer, left = text](Context& cx) mutable -> Poll<void> {
        while (!left.empty()) {
            Poll<std::size_t> written = writer.poll_write(cx, left);
            if (written.is_pending()) {
                return Pending;
            }
            if (written.value() == 0) {
                throw detail::takes_no_more();
            }
            left.remove_prefix(written.value());
        }
        return Ready();
    });
}

// Given: ends the writing. The other side reads the end of the stream after everything that was written before.
template <AsyncWrite W>
auto shutdown(W& writer) {
    return poll_fn([&writer](Context& cx) { return writer.poll_shutdown(cx); });
}

// Given: advice for a type that is no stream.
template <class R, class Into>
    requires(!AsyncRead<R>)
auto read(R&, const Into&) {
    static_assert(!std::is_pointer_v<R>,
                  "read needs a stream, and this is a pointer to one. Write `*` in front of it.");
    static_assert(
        AsyncRead<R>,
        "read can't read from this object. Pass one with `Poll<std::size_t> poll_read(Context&, std::span<char>)`.");
}
template <class W>
    requires(!AsyncWrite<W>)
auto write_all(W&, std::string_view) {
    static_assert(!std::is_pointer_v<W>,
                  "write_all needs a stream, and this is a pointer to one. Write `*` in front of it.");
    static_assert(AsyncWrite<W>,
                  "write_all can't write to this object. Pass one with `Poll<std::size_t> poll_write(Context&, "
                  "std::string_view)` and `Poll<void> poll_shutdown(Context&)`.");
}

}  // namespace rt
