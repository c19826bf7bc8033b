/// \file
/// From here to `explore/restore.hpp`, headers of rt use explored atomics, locks, and threads. Include them with other names for
/// their classes if another file of the executable includes them too. What is provided stays as it is, so it is included first.
#include <rt/print.hpp>
#include <rt/recycled.hpp>
#include <rt/trace.hpp>
#include <support/explore/sync.hpp>

#define Atomic ExploredAtomic
#define Mutex ExploredMutex
#define Lock ExploredLock
#define Condvar ExploredCondvar
#define Thread ExploredThread
#define yield_thread explored_yield
