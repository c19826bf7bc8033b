/// \file
/// `SteppedSignal`: a Signal whose reads of its eventfd the tests can see. So a test plays a signal that comes before or after
/// such a read, and needs no luck.
#pragma once

#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/signal_table.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>

#include <functional>
#include <span>
#include <utility>

namespace rt::stepped_sys {

using namespace sys;

/// What happens during a poll, and after how many moments. A moment is before or after a read.
inline std::function<void()> happens;
inline int moments_left = 0;

inline void pass_a_moment() {
    if (happens && moments_left-- == 0) {
        std::exchange(happens, nullptr)();
    }
}

inline ssize_t read(int fd, std::span<char> into) {
    pass_a_moment();
    ssize_t const count = sys::read(fd, into);
    pass_a_moment();
    return count;
}

}  // namespace rt::stepped_sys

#define sys stepped_sys
#define Signal SteppedSignal
#define signal stepped_signal
#define ctrl_c stepped_ctrl_c
#define shutdown_signal stepped_shutdown_signal
#include <rt/signal.hpp>
#undef sys
#undef Signal
#undef signal
#undef ctrl_c
#undef shutdown_signal
