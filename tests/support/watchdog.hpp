/// \file
/// The watchdog: ends a hung test, and says in which step it hangs.
///
/// A test hangs if neither a step nor an assertion has passed for 2 s (10 s under ThreadSanitizer and
/// valgrind; or as PBP_WATCHDOG_SECONDS says), however long it takes as a whole. The seconds are counted in
/// naps of the watchdog's own thread, so that a machine that stands still does not count.
#pragma once

namespace support {

/// Starts the one watchdog of this process. Called when the first test case is about to run.
void start_watchdog();

}  // namespace support
