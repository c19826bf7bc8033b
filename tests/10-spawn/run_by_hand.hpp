/// \file
/// Tasks that a test takes out of a queue and runs by hand.
#pragma once

#include <rt/future.hpp>
#include <rt/runnable.hpp>
#include <rt/waker.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace support {

/// For tasks that nobody wakes.
struct NoSchedule final : rt::Schedule {
    void schedule(rt::Runnable) noexcept override { FAIL("a task was scheduled, although nobody has woken it"); }
};

/// Notes its number when it is polled.
inline auto note_number(std::vector<int>* out, int number) {
    return rt::poll_fn([out, number](rt::Context&) -> rt::Poll<void> {
        out->push_back(number);
        return rt::Ready();
    });
}

}  // namespace support
