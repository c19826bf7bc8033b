/// \file
/// Given: the system calls that only reports and trace files need. A lesson uses none of them. The rules are those of
/// rt/sys.hpp.
#pragma once

#include <rt/sys.hpp>
#include <rt/sys_process.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <span>

#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

namespace rt::sys {

/// The kernel's number of the calling thread.
inline int thread_id() noexcept { return static_cast<int>(::gettid()); }

/// Makes `path` an empty file that its owner can write and all can read.
inline int create(const char* path) noexcept {
    return detail::or_errno(::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
}
/// Writes at `offset`, in bytes from the beginning of the file.
inline ssize_t write_at(int fd, std::span<const char> from, std::int64_t offset) noexcept {
    return detail::or_errno(::pwrite(fd, from.data(), from.size(), offset));
}
/// The signal that asks a program for its report (dump.hpp).
inline constexpr int report_signal = SIGUSR1;

/// Blocks all signals on the calling thread.
inline int block_all_signals() noexcept {
    sigset_t set;
    ::sigfillset(&set);
    return -::pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

/// A semaphore with which a signal handler wakes a thread. Blocking the signal and waiting for it would also work, but every
/// program that this one starts would inherit the blocked signal.
class Semaphore {
  public:
    Semaphore() noexcept { ::sem_init(&semaphore_, 0, 0); }
    /// Called by a signal handler, too.
    void post() noexcept { ::sem_post(&semaphore_); }
    /// Waits for a post, for at most a second, and takes it. Answers -ETIMEDOUT if none came.
    int wait_a_second() noexcept {
        timespec until{};
        ::clock_gettime(CLOCK_MONOTONIC, &until);
        ++until.tv_sec;
        return detail::or_errno(::sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until));
    }

  private:
    sem_t semaphore_;
};

/// The monotonic time in nanoseconds, as of the kernel's last tick.
inline std::int64_t coarse_nanoseconds() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// The processor time of the thread with this number. Negative if this process has no such thread.
inline std::chrono::microseconds cpu_time_of_thread(int id) noexcept {
    // The clock that pthread_getcpuclockid would return.
    auto const clock = static_cast<clockid_t>((~static_cast<unsigned>(id) << 3U) | 6U);
    timespec time{};
    if (::clock_gettime(clock, &time) != 0) {
        return std::chrono::microseconds(-1);
    }
    return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_nsec / 1000);
}

/// True if the thread with this number runs or waits for a processor. False if it sleeps or does not exist.
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

/// How many threads the process has. 0 where that cannot be read.
inline int thread_count() noexcept {
    int count = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
        char line[256];
        while (std::fgets(line, sizeof line, status) != nullptr && std::sscanf(line, "Threads: %d", &count) != 1) {}
        std::fclose(status);
    }
    return count;
}

}  // namespace rt::sys
