/// \file
/// Given: system calls about the process: signals, limits, and what it has used. The rules are those of sys.hpp.
#pragma once

#include <rt/sys.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace rt::sys {

inline int process_id() noexcept { return static_cast<int>(::getpid()); }

/// How many processors the calling thread may use, or how many there are if that is more than a `cpu_set_t` can say.
inline int usable_processors() noexcept {
    cpu_set_t set;
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set)
                                                         : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
}

/// Calls `handler` when signal `number` comes. A system call that it interrupts goes on where the kernel can restart it. A
/// signal that is ignored stays ignored, because `nohup`, or a script that starts the program in the background, wants that.
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

/// Ignores signal `number`, so that what would raise it answers an error instead.
inline int ignore_signal(int number) noexcept { return ::signal(number, SIG_IGN) == SIG_ERR ? -errno : 0; }

/// Raises the limit of open descriptors as far as the process may.
inline void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// The most memory that the process has had so far, in kB (VmHWM of /proc/self/status). 0 where that cannot be read.
inline long peak_memory_kb() noexcept {
    long kb = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr && std::sscanf(line, "VmHWM: %ld kB", &kb) != 1) {}
        std::fclose(status);
    }
    return kb;
}

}  // namespace rt::sys

namespace rt {

/// How many threads this process can run at once, at least 1. Fewer than the machine has processors under `taskset`.
inline unsigned available_parallelism() noexcept {
    return static_cast<unsigned>(std::max(1, sys::usable_processors()));
}

}  // namespace rt
