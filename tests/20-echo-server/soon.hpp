/// \file
/// `soon(signal)`: what a future of a signal yields now, or 0 if it would wait.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>

#include <chrono>
#include <utility>

namespace support {

/// Awaits one signal. Yields its number, or 0 if it doesn't come before the program has nothing else to do.
template <rt::Future F>
rt::Async<int> soon(F signal) {
    rt::time::pause();
    auto const before = rt::time::now();
    int number = 0;
    try {
        number = co_await rt::timeout(std::chrono::seconds(1), std::move(signal));
    } catch (const rt::Elapsed&) {}
    co_return rt::time::now() == before ? number : 0;  // the timeout polls the signal once more
}

}  // namespace support
