/// \file
/// Given: the system calls about the process itself, which are signals, limits, and what it has used. The rules are those of
/// sys.hpp.
#pragma once

#include <rt/sys.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace rt::sys {

/// Has `handler` called when signal `number` comes; system calls that it interrupts go on by themselves where they can.
inline int on_signal(int number, void (*handler)(int)) noexcept {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    return detail::or_errno(::sigaction(number, &action, nullptr));
}

/// The signal that asks a program what it does: dump.hpp.
inline constexpr int report_signal = SIGUSR1;

/// Keeps signal `number` from the calling thread, and from those that it starts from now on: it waits for
/// `wait_for_signal`.
inline int block_signal(int number) noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, number);
    return -::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// Keeps all signals from the calling thread.
inline int block_all_signals() noexcept {
    sigset_t set;
    ::sigfillset(&set);
    return -::pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

/// Sleeps until signal `number` comes, which must be blocked, and at most `milliseconds`: then it returns -EAGAIN.
inline int wait_for_signal(int number, int milliseconds) noexcept {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, number);
    timespec const at_most{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
    return detail::or_errno(::sigtimedwait(&set, nullptr, &at_most));
}

/// The time on the clock that never goes backwards, as of the kernel's last tick.
inline std::int64_t coarse_nanoseconds() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The kernel's number of the calling thread; the main thread's is `process_id()`.
inline int thread_id() noexcept { return static_cast<int>(::gettid()); }
inline int process_id() noexcept { return static_cast<int>(::getpid()); }

/// Processor time that the thread with this number has used; negative if there is no such thread in this process.
inline std::chrono::microseconds cpu_time_of_thread(int id) noexcept {
    // As pthread_getcpuclockid makes it: the clock of a thread's time on the processor.
    auto const clock = static_cast<clockid_t>((~static_cast<unsigned>(id) << 3U) | 6U);
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) {
        return std::chrono::microseconds(-1);
    }
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_nsec / 1000);
}

/// True if the thread with this number runs, or would if a processor were free; false if it sleeps, or is not there.
inline bool is_runnable(int id) noexcept {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", id);
    char state = 'S';
    if (std::FILE* stat = std::fopen(path, "re")) {
        if (std::fscanf(stat, "%*d (%*[^)]) %c", &state) != 1) {
            state = 'S';
        }
        std::fclose(stat);
    }
    return state == 'R';
}

/// How many threads the process has; 0 where that cannot be read.
inline int thread_count() noexcept {
    int count = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr && std::sscanf(line, "Threads: %d", &count) != 1) {}
        std::fclose(status);
    }
    return count;
}

/// Lets the process open as many descriptors as it may; returns how many that are.
inline std::uint64_t raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        ::getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur;
}

/// Processor time that the process has used, of all its threads, in user and kernel mode.
inline std::chrono::microseconds cpu_time() noexcept {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// The most memory that the process has had so far, in kB: VmHWM of /proc/self/status; 0 where that cannot be read.
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
