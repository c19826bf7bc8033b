/// \file
/// Futures that wait: for a value from outside of the runtime, and for their next turn.
#pragma once

#include <rt/async.hpp>
#include <rt/oneshot.hpp>
#include <rt/yield_now.hpp>

namespace support {

inline rt::Async<int> take(rt::oneshot::Receiver<int> receiver) { co_return co_await receiver; }

inline rt::Async<> yield_often(int times) {
    for (int i = 0; i < times; ++i) {
        co_await rt::yield_now();
    }
}

}  // namespace support
