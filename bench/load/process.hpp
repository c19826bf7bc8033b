// What the kernel knows of a process, its CPU time and its memory; and Ctrl-C, a flag that every loop looks at.
#pragma once

#include <cstdint>

#include <sys/types.h>

namespace load {

/// CPU seconds that a process has used so far with all its threads, exact to the scheduler's nanosecond. Throws
/// std::runtime_error with a sentence if there is no such process.
double cpu_seconds(pid_t pid);
double own_cpu_seconds();

/// The bytes of memory that a process has to itself ("private" in /proc/PID/smaps_rollup), after it has used no CPU for
/// 60 ms, so that it has done what it had to do. It waits at most two seconds. Throws like `cpu_seconds`.
std::uint64_t settled_memory(pid_t pid);

/// From here on SIGINT and SIGTERM only raise the flag; a second one ends the program at once.
void catch_signals();

/// Whether one has come.
bool stopped();

}  // namespace load
