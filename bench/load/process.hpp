// What the kernel knows of a process, ours or the server's: CPU, context switches, memory.
#pragma once

#include "json.hpp"

#include <cstdint>

#include <sys/types.h>

namespace load {

/// Readings at one moment, of a process as a whole with all its threads; two of them make a difference.
struct Usage {
    double cpu = 0;               // seconds, exact to the scheduler's nanosecond
    double user = 0, system = 0;  // seconds; the kernel guesses this split at each timer tick, so it needs long windows
    std::uint64_t voluntary = 0;  // context switches: it slept
    std::uint64_t involuntary = 0;  // it was interrupted

    /// Throws std::runtime_error with a sentence if there is no such process.
    static Usage of(pid_t pid);
    static Usage of_this_process();

    Usage operator-(const Usage& begin) const;
};

/// The difference of two readings over a window of `seconds`, as JSON.
Json usage_json(const Usage& used, double seconds);

/// Memory in bytes, from /proc/PID/smaps_rollup.
struct Memory {
    std::uint64_t rss = 0;        // resident
    std::uint64_t pss = 0;        // resident, pages shared with others counted in part
    std::uint64_t own = 0;        // resident and nobody else's ("private")
    std::uint64_t anonymous = 0;  // heap and stacks: backed by no file
    std::uint64_t peak = 0;       // the highest rss so far (VmHWM)

    /// Throws std::runtime_error with a sentence if there is no such process.
    static Memory of(pid_t pid);

    Json json() const;
};

/// Waits until that process has used no CPU for 60 ms, at most `seconds`: it has done what it had to do.
void wait_until_quiet(pid_t pid, double seconds);

}  // namespace load
