/// \file
/// `copy(reader, writer)` and `copy_bidirectional(a, b)`: write everything that is read, until the end of the stream.
///
/// Nothing is read before the last bytes are written. So a slow writer slows the reader down, and through TCP also the sender
/// behind it. A direction that waits to read holds no memory.
///
/// Source: `tokio::io::{copy, copy_bidirectional}`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/io.hpp>
#include <rt/select.hpp>

#include <cstdint>
#include <utility>
#include <variant>

namespace rt {

namespace detail {

template <class R, class W>
Async<std::uint64_t> copy(R* reader, W* writer) {
    std::uint64_t copied = 0;
    while (Chunk chunk = co_await read(*reader, 16 * 1024)) {
        co_await write_all(*writer, chunk.view());
        copied += chunk.size();
    }
    co_return copied;
}

/// One direction: copies, then passes the end of the stream on.
template <class R, class W>
Async<std::uint64_t> copy_and_shutdown(R* reader, W* writer) {
    std::uint64_t copied = co_await copy(reader, writer);
    co_await shutdown(*writer);
    co_return copied;
}

template <class A, class B>
Async<std::pair<std::uint64_t, std::uint64_t>> copy_bidirectional(A* a, B* b) {
    auto there = copy_and_shutdown(a, b);
    auto back = copy_and_shutdown(b, a);
    auto first = co_await select(by_ref(there), by_ref(back));
    if (first.index() == 0) {
        co_return std::pair(std::get<0>(first), co_await back);
    }
    co_return std::pair(co_await there, std::get<1>(first));
}

}  // namespace detail

/// Writes everything that `reader` yields to `writer`, and does not shut it down. Yields how many bytes that were. Both must
/// outlive the future. A copy that is dropped loses the bytes that it has read and not yet written.
template <AsyncRead R, AsyncWrite W>
Async<std::uint64_t> copy(R& reader, W& writer) {
    return detail::copy(&reader, &writer);
}

/// Copies in both directions at once, as a proxy does. Yields how many bytes went from `a` to `b` and from `b` to `a`. When
/// one side ends, the other one is shut down for writing. The first error ends both directions and is thrown.
template <class A, class B>
    requires AsyncRead<A> && AsyncWrite<A> && AsyncRead<B> && AsyncWrite<B>
Async<std::pair<std::uint64_t, std::uint64_t>> copy_bidirectional(A& a, B& b) {
    return detail::copy_bidirectional(&a, &b);
}

}  // namespace rt
