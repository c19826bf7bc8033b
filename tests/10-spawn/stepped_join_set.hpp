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
#include <support/seen_mutex.hpp>

#include <functional>
#include <mutex>
#include <utility>

namespace support {

/// Called once, when this thread is about to lock the mutex of a set.
inline thread_local std::function<void()> before_next_lock_of_set;
/// Called once, when this thread has unlocked the mutex of a set.
inline thread_local std::function<void()> after_next_unlock;

}  // namespace support

namespace rt {

/// For the `Mutex` of join_set.hpp.
struct SetRule {
    static constexpr const char* deadlock =
        "a deadlock: a set woke the task in join_next while it held its lock, and that task used the set. Unlock before you "
        "wake.";
    static void before_lock() { play(support::before_next_lock_of_set); }
    static void unlocked() { play(support::after_next_unlock); }

  private:
    static void play(std::function<void()>& other_thread) {
        if (auto const call = std::exchange(other_thread, nullptr)) {
            call();
        }
    }
};
using SeenMutex = support::SeenMutex<SetRule>;
using SeenLock = std::unique_lock<SeenMutex>;

}  // namespace rt

#define Mutex SeenMutex
#define Lock SeenLock
#include <rt/join_set.hpp>
#undef Mutex
#undef Lock
