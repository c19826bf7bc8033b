/// \file
/// The watchdog: ends a test that hangs, and reports what each of its tasks, futures, and threads does.
///
/// A test hangs if neither a step nor an assertion passes for 2 s, or if one poll uses the processor for 2 s. The limit is
/// 10 s under ThreadSanitizer and valgrind, and PBP_WATCHDOG_SECONDS sets another one. The watchdog's thread counts the
/// seconds in short sleeps, so the time in which the machine itself is suspended doesn't count.
///
/// Some hangs can be proved, and these are reported at once. One is that every thread waits until another one unparks it.
/// Another is that a task was woken and is in no queue.
#pragma once

#include <sys/types.h>

namespace support {

/// Turns on the record (observe/record.hpp) and starts the watchdog of this process. Called before the first test case, and in
/// a child that a test forks. Returns once the watchdog runs.
void start_watchdog();

/// Calls fork() while the watchdog sleeps. If the watchdog's thread were allocating memory, the child would inherit
/// AddressSanitizer's allocator lock, and no thread of the child would release it.
pid_t fork_beside_watchdog();

/// How long a test may make no progress.
double patience_in_seconds();

/// The exit status of a test that hangs.
inline constexpr int hung_status = 4;

}  // namespace support
