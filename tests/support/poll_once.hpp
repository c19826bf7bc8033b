/// \file
/// One poll of a future by a waker that wakes nobody: for what a death, or a single answer, is about.
#pragma once

#include <rt/future.hpp>

namespace support {

/// What `future` answers. Called where no step and no count is wanted; else spawn_mock.
template <rt::Future F>
rt::Poll<rt::OutputOf<F>> poll_once(F& future) {
    rt::Waker const waker = rt::Waker::noop();
    rt::Context cx(waker);
    return future.poll(cx);
}

}  // namespace support
