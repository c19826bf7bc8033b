/// \file
/// What can be read and what can be written, as concepts; and the futures that work on anything of the kind.
///
/// A stream offers polls; everything else is built on them here, once, for sockets, pipes, buffers and mocks alike:
///
///   Poll<std::size_t> poll_read(Context&, std::span<char> into)        0 means end of stream
///   Poll<std::size_t> poll_write(Context&, std::string_view from)      may take less than all of it
///   Poll<void>        poll_shutdown(Context&)                          no more will be written
///
/// Errors are thrown as `std::system_error`. A poll that is Pending has taken nothing from the stream, and has kept the
/// waker: so every future here may be dropped while it waits, and nothing is lost (of `WriteAll`, that is, nothing but
/// the knowledge of how much was written).
///
/// These futures hold the address of the stream: it must outlive them, and stay where it is. Their class templates ask for
/// no concept, so that a stream can name them in its own members, where its class is not complete yet; the functions do.
///
/// Source of the idea: Tokio's `AsyncRead`, `AsyncWrite` and their `Ext` traits.
#pragma once

#include <rt/chunk.hpp>
#include <rt/future.hpp>

#include <cerrno>
#include <concepts>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rt {

/// Something that bytes come out of.
template <class R>
concept AsyncRead = requires(R& reader, Context& cx, std::span<char> into) {
    { reader.poll_read(cx, into) } -> std::same_as<Poll<std::size_t>>;
};

/// Something that bytes go into.
template <class W>
concept AsyncWrite = requires(W& writer, Context& cx, std::string_view from) {
    { writer.poll_write(cx, from) } -> std::same_as<Poll<std::size_t>>;
    { writer.poll_shutdown(cx) } -> std::same_as<Poll<void>>;
};

/// See `read(reader, into)`.
template <class R>
class [[nodiscard]] Read {
  public:
    using Output = std::size_t;

    Read(R& reader, std::span<char> into) noexcept : reader_(&reader), into_(into) {}

    Poll<std::size_t> poll(Context& cx) {
        contract_.begin("read");
        Poll<std::size_t> read = reader_->poll_read(cx, into_);
        if (read.is_pending()) {
            return contract_.pending();
        }
        return read;
    }

  private:
    [[no_unique_address]] Contract contract_;
    R* reader_;
    std::span<char> into_;
};

/// See `read(reader, max)`.
template <class R>
class [[nodiscard]] ReadChunk {
  public:
    using Output = Chunk;

    ReadChunk(R& reader, std::size_t max) noexcept : reader_(&reader), max_(max) {}

    Poll<Chunk> poll(Context& cx) {
        contract_.begin("read");
        // The buffer is ours during this poll only: if nothing is there to fill it, the cache has it back at once.
        Chunk chunk = Chunk::of_this_thread(max_);
        Poll<std::size_t> read = reader_->poll_read(cx, chunk.room());
        if (read.is_pending()) {
            return contract_.pending();
        }
        chunk.set_size(read.value());
        return Ready<Chunk>(std::move(chunk));
    }

  private:
    [[no_unique_address]] Contract contract_;
    R* reader_;
    std::size_t max_;
};

/// See `read_to_string`.
template <class R>
class [[nodiscard]] ReadToString {
  public:
    using Output = std::string;

    ReadToString(R& reader, std::size_t limit) noexcept : reader_(&reader), limit_(limit) {}

    Poll<std::string> poll(Context& cx) {
        contract_.begin("read_to_string");
        for (;;) {
            Chunk chunk = Chunk::of_this_thread(step);
            Poll<std::size_t> read = reader_->poll_read(cx, chunk.room());
            if (read.is_pending()) {
                return contract_.pending();
            }
            if (read.value() == 0) {
                return Ready<std::string>(std::move(text_));
            }
            if (read.value() > limit_ - text_.size()) {
                throw std::system_error(EMSGSIZE, std::system_category(),
                                        "read_to_string: the stream is longer than the limit");
            }
            text_.append(chunk.room().data(), read.value());
        }
    }

  private:
    static constexpr std::size_t step = 16 * 1024;

    [[no_unique_address]] Contract contract_;
    R* reader_;
    std::size_t limit_;
    std::string text_;
};

/// See `write_all`.
template <class W>
class [[nodiscard]] WriteAll {
  public:
    using Output = void;

    WriteAll(W& writer, std::string_view text) noexcept : writer_(&writer), left_(text) {}

    Poll<void> poll(Context& cx) {
        contract_.begin("write_all");
        while (!left_.empty()) {
            Poll<std::size_t> written = writer_->poll_write(cx, left_);
            if (written.is_pending()) {
                return contract_.pending();
            }
            if (written.value() == 0) {
                throw std::system_error(EPIPE, std::system_category(), "write_all: the stream takes no more bytes");
            }
            left_.remove_prefix(written.value());
        }
        return Ready();
    }

  private:
    [[no_unique_address]] Contract contract_;
    W* writer_;
    std::string_view left_;
};

/// See `shutdown`.
template <class W>
class [[nodiscard]] Shutdown {
  public:
    using Output = void;

    explicit Shutdown(W& writer) noexcept : writer_(&writer) {}

    Poll<void> poll(Context& cx) {
        contract_.begin("shutdown");
        if (writer_->poll_shutdown(cx).is_pending()) {
            return contract_.pending();
        }
        return Ready();
    }

  private:
    [[no_unique_address]] Contract contract_;
    W* writer_;
};

/// Waits for some bytes and puts them into `into`; yields how many, 0 at the end of the stream. `into` must not be empty,
/// and must stay where it is until then.
template <AsyncRead R>
Read<R> read(R& reader, std::span<char> into) noexcept {
    return Read<R>(reader, into);
}

/// Waits for some bytes, `max` at most; yields them as a Chunk, empty at the end of the stream. While nothing is there,
/// no memory is held.
template <AsyncRead R>
ReadChunk<R> read(R& reader, std::size_t max) noexcept {
    return ReadChunk<R>(reader, max);
}

/// Reads to the end of the stream; throws EMSGSIZE as soon as more than `limit` bytes have come.
template <AsyncRead R>
ReadToString<R> read_to_string(R& reader, std::size_t limit = std::numeric_limits<std::size_t>::max()) noexcept {
    return ReadToString<R>(reader, limit);
}

/// Writes all of `text`, in as many pieces as it takes. `text` must stay where it is until then.
template <AsyncWrite W>
WriteAll<W> write_all(W& writer, std::string_view text) noexcept {
    return WriteAll<W>(writer, text);
}

/// Says that no more will be written: the other side reads the end of the stream, after all that was written before.
template <AsyncWrite W>
Shutdown<W> shutdown(W& writer) noexcept {
    return Shutdown<W>(writer);
}

/// Chosen when something cannot be read, to say so.
template <class R, class Into>
    requires(!AsyncRead<R>)
auto read(R&, const Into&) {
    static_assert(
        AsyncRead<R>,
        "read needs something to read from: a type with `Poll<std::size_t> poll_read(Context&, std::span<char>)`");
}

/// Chosen when something cannot be written, to say so.
template <class W>
    requires(!AsyncWrite<W>)
auto write_all(W&, std::string_view) {
    static_assert(
        AsyncWrite<W>,
        "write_all needs something to write to: a type with `Poll<std::size_t> poll_write(Context&, std::string_view)` "
        "and `Poll<void> poll_shutdown(Context&)`");
}

}  // namespace rt
