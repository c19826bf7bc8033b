/// \file
/// A lock that the tests can see through. So a test plays what another thread does before a lock or after an unlock, and
/// needs no luck. A header under test gets it with macros, as in stepped_notify.hpp.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <support/seen_mutex.hpp>

#include <functional>
#include <mutex>
#include <utility>

namespace support {

/// What another thread does, and after how many moments of this thread. A moment is before a lock or after an unlock.
inline thread_local std::function<void()> other_thread_acts;
inline constinit thread_local int moments_left = 0;
/// How many stepped locks this thread holds.
inline constinit thread_local int locks_held = 0;

/// For a mutex under test.
struct LockRule {
    static constexpr const char* deadlock =
        "a deadlock: a thread locks a mutex that it holds already. Release the lock before you wake or destroy anything, "
        "and hand the lock on with std::move.";
    static void before_lock() { pass_a_moment(); }
    static void unlocked() {
        --locks_held;
        pass_a_moment();
    }

  private:
    static void pass_a_moment() {
        if (locks_held == 0 && other_thread_acts && moments_left-- == 0) {
            std::exchange(other_thread_acts, nullptr)();
        }
    }
};

/// Calls `call`. At its moment number `moment`, another thread does `act`. Moments count from 0. Returns false if `call` has no
/// such moment.
inline bool plays_at(int moment, std::function<void()> act, const std::function<void()>& call) {
    moments_left = moment;
    other_thread_acts = std::move(act);
    call();
    return std::exchange(other_thread_acts, nullptr) == nullptr;
}

}  // namespace support

namespace rt {

class SteppedMutex : public support::SeenMutex<support::LockRule> {
    using Base = support::SeenMutex<support::LockRule>;

  public:
    void lock() {
        Base::lock();
        ++support::locks_held;
    }
};
using SteppedLock = std::unique_lock<SteppedMutex>;

}  // namespace rt
