/// \file
/// `SteppedIdle`: the counts of the workers over an atomic that calls the test after each access, and with a lock that the test
/// can ask for. So a test plays every order of two threads on one thread, and needs no luck.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <support/stepped_atomic.hpp>

#include <mutex>

namespace support {

/// How many locks of a SteppedIdle this thread holds. Another thread would have to wait until it is 0.
inline constinit thread_local int idle_locks = 0;

}  // namespace support

namespace rt {

class IdleMutex {
  public:
    void lock() {
        // Another thread may come before the lock, too.
        support::Steps::accessed(support::Steps::no_word, {0, 0, false, relaxed, this});
        if (support::idle_locks != 0) {
            violation(
                "the lock of `Idle` is taken while it is held. `begin_search` and `end_search` take no lock, because one "
                "`fetch_add` or `fetch_sub` changes the word.");
        }
        mutex_.lock();
        ++support::idle_locks;
    }
    void unlock() {
        --support::idle_locks;
        mutex_.unlock();
    }

  private:
    Mutex mutex_;
};
using IdleLock = std::unique_lock<IdleMutex>;

}  // namespace rt

#define Atomic SteppedAtomic
#define Mutex IdleMutex
#define Lock IdleLock
#define Idle SteppedIdle
#include <rt/idle.hpp>
#undef Atomic
#undef Mutex
#undef Lock
#undef Idle

namespace support {

/// Calls `call`, and plays another thread: calls `other` after the access of `call` with the number `at`, or as soon as
/// `call` holds no lock. Access 0 is the moment before the first one. If that moment does not come, `other` comes
/// after `call`. Returns how many accesses `call` made.
template <class Call, class Other>
int play(int at, Call call, Other other) {
    bool has_come = false;
    auto meet = [&](int access, auto&) {
        if (!has_come && access >= at && idle_locks == 0) {
            has_come = true;
            other();
        }
    };
    Steps::between(meet, call);
    int const accesses = Steps::accesses;
    if (!has_come) {
        other();
    }
    return accesses;
}

}  // namespace support
