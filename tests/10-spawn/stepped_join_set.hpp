/// \file
/// `JoinSet` over a mutex that the tests can see through. So a test plays what another thread does between two looks at the
/// set, and needs no luck. Included before anything else that includes join_set.hpp.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/scheduler.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>
#include <rt/waker_slot.hpp>

#include <functional>
#include <mutex>
#include <utility>

namespace support {

/// Called once, when this thread has unlocked the mutex of a set.
inline thread_local std::function<void()> after_next_unlock;

}  // namespace support

namespace rt {

/// Takes the place of `Mutex` in join_set.hpp. A thread that locks it twice gets a sentence instead of a deadlock.
class SeenMutex {
  public:
    void lock() {
        if (holder_.load(relaxed) == this_thread_id()) {
            violation(
                "a deadlock: a set woke the task in join_next while it held its lock, and that task used the set. Unlock "
                "before you wake.");
        }
        mutex_.lock();
        holder_.store(this_thread_id(), relaxed);
    }
    void unlock() {
        holder_.store(ThreadId(), relaxed);
        mutex_.unlock();
        if (auto const call = std::exchange(support::after_next_unlock, nullptr)) {
            call();
        }
    }

  private:
    Mutex mutex_;
    Atomic<ThreadId> holder_{ThreadId()};
};
using SeenLock = std::unique_lock<SeenMutex>;

}  // namespace rt

#define Mutex SeenMutex
#define Lock SeenLock
#include <rt/join_set.hpp>
#undef Mutex
#undef Lock
