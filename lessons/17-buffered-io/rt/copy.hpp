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
#include <rt/todo.hpp>

#include <cstdint>
#include <utility>
#include <variant>

namespace rt {

namespace detail {

template <class R, class W>
Async<std::uint64_t> copy(R* reader, W* writer) {
    // TODO(17.3) Write everything that is read, until the stream ends. Yield how many bytes that were.
    todo("17.3 copy", reader, writer);
}

/// One direction: copies, then passes the end of the stream on.
template <class R, class W>
Async<std::uint64_t> copy_and_shutdown(R* reader, W* writer) {
    // TODO(17.3) Copy, and then tell the other side that no more will come.
    todo("17.3 copy and pass the end on", reader, writer);
}

template <class A, class B>
Async<std::pair<std::uint64_t, std::uint64_t>> copy_bidirectional(A* a, B* b) {
    // TODO(17.3) Copy in both directions at once, to both ends. If one direction throws, throw at once.
    todo("17.3 copy in both directions", a, b);
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
