/// \file
/// `SteppedWaitList`: a list of waiters whose lock the tests can see through. It reports each use without that lock, and so does
/// `was_woken_alone` of a waiter in the list. The header leaves the macros defined that put its names in place of the list's
/// own. Only stepped_notify.hpp and stepped_mpsc.hpp include it.
#pragma once

#include "stepped_lock.hpp"

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <functional>
#include <utility>

namespace support {

/// What happens when a list is about to wake all, under the lock.
inline thread_local std::function<void()> before_all_are_woken;

}  // namespace support

#define Lock SteppedLock
#define Mutex SteppedMutex
#define WaitFuture SteppedWaitFuture
#define WaitList UnwatchedList
#define Waiter SteppedWaiter
// Puts a check into `Waiter::was_woken_alone`, whose old body becomes that of another function.
#define was_woken_alone()                                                                                           \
    was_woken_alone() const noexcept {                                                                              \
        if (is_waiting() && support::locks_held == 0) {                                                             \
            violation(                                                                                              \
                "`was_woken_alone()` of a waiter in the list was called without the lock. Another thread may wake " \
                "that waiter at the same moment, so take the lock first.");                                         \
        }                                                                                                           \
        return woken_alone_;                                                                                        \
    }                                                                                                               \
    bool unwatched()
#include <rt/wait_list.hpp>
#undef WaitList
#undef was_woken_alone

namespace rt {

class SteppedWaitList : public UnwatchedList {
  public:
    bool is_empty() const noexcept {
        require_the_lock();
        return UnwatchedList::is_empty();
    }
    void add(Waiter& waiter, const Waker& waker, Lock lock) noexcept {
        require_the_lock();
        UnwatchedList::add(waiter, waker, std::move(lock));
    }
    void remove(Waiter& waiter) noexcept {
        require_the_lock();
        UnwatchedList::remove(waiter);
    }
    void wake_one(Lock lock) noexcept {
        require_the_lock();
        UnwatchedList::wake_one(std::move(lock));
    }
    void wake_all(Lock lock) noexcept {
        require_the_lock();
        if (support::before_all_are_woken) {
            std::exchange(support::before_all_are_woken, nullptr)();
        }
        UnwatchedList::wake_all(std::move(lock));
    }

  private:
    static void require_the_lock() noexcept {
        if (support::locks_held == 0) {
            violation("a list of waiters was used without the lock. Another thread may change it at the same moment.");
        }
    }
};

}  // namespace rt

#define WaitList SteppedWaitList
