/// \file
/// Given: system calls about the process: signals, limits, and processors. The rules are those of sys.hpp.
#pragma once

#include <rt/sys.hpp>

#include <algorithm>

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace rt::sys {

inline int process_id() noexcept { return static_cast<int>(::getpid()); }

/// Calls `handler`, which may be SIG_IGN or SIG_DFL too, when signal `number` comes. A system call that the signal
/// interrupts goes on if the kernel can restart it. A signal that is ignored already stays ignored, because `nohup`, or
/// a script that starts the program in the background, wants that.
inline int on_signal(int number, void (*handler)(int)) noexcept {
    struct sigaction before{};
    if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) {
        return 0;
    }
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    return detail::or_errno(::sigaction(number, &action, nullptr));
}

/// Raises the limit of open descriptors as far as the process may.
inline void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace rt::sys

namespace rt {

/// How many threads this process can run at once, at least 1. Under `taskset`, that is fewer than
/// the machine has processors.
inline unsigned available_parallelism() noexcept {
    cpu_set_t set;
    // The first call fails where a `cpu_set_t` is too small for all processors.
    const long count =
        ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : ::sysconf(_SC_NPROCESSORS_ONLN);
    return static_cast<unsigned>(std::max(1L, count));
}

}  // namespace rt
