/// \file
/// Waits until the workers of a runtime have gone to sleep.
#pragma once

#include <rt/multi_thread.hpp>
#include <support/random.hpp>

/// Waits until all workers sleep until someone wakes them, and none keeps watch. Nobody else gives the runtime work meanwhile.
/// (A trace could not tell: which of two threads announces first says nothing about which was first.)
inline void wait_until_asleep(const rt::MultiThread& runtime) {
    support::spin_until([&runtime] { return runtime.is_asleep(); });
}
