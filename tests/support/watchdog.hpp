/// \file
/// The watchdog: ends a hung test, and says what each task, future and thread of it does.
///
/// A test hangs if neither a step nor an assertion has passed for 2 s (10 s under ThreadSanitizer and valgrind; or as
/// PBP_WATCHDOG_SECONDS says), however long it takes as a whole; or if one poll has used the processor for as long. The
/// seconds are counted in naps of the watchdog's own thread, so that a machine that stands still does not count.
///
/// What is proved needs no 2 s: that every thread sleeps until another unparks it; that a task was woken and is in no queue.
#pragma once

#include <sys/types.h>

namespace support {

/// Keeps the record (rt/record.hpp) and starts the one watchdog of this process. Called when the first test case is about to
/// run, and in a child that a test forks. Returns when the watchdog is there.
void start_watchdog();

/// fork(), while the watchdog naps. A thread that allocates just then would leave the child the allocator's lock, taken for
/// ever: fork frees the C library's, but not AddressSanitizer's.
pid_t fork_beside_watchdog();

/// How long a test may stand still.
double patience_in_seconds();

/// A hung test ends with this status.
inline constexpr int hung_status = 4;

}  // namespace support
