/// \file
/// `poll_once`: polls a future once, with a waker that wakes nothing.
#pragma once

#include <rt/future.hpp>

namespace support {

/// Polls `future` once. Records no step and no count, unlike `spawn_mock`.
template <rt::Future F>
rt::Poll<rt::OutputOf<F>> poll_once(F& future) {
    rt::Waker const waker = rt::Waker::noop();
    rt::Context cx(waker);
    return future.poll(cx);
}

}  // namespace support
