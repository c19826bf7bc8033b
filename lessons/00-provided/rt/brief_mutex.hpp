/// \file
/// `BriefMutex`: a lock that is held for a few instructions, such as linking one thing into a list.
///
/// Given, not taught. A Mutex must know, when it is given back, whether somebody sleeps; so giving it back is a contended
/// operation, as taking it is. Here nobody sleeps: who finds it taken looks again, and now and then lets other threads run
/// first. So giving it back is a plain store, and a lock costs half. It is also the last touch: whoever finds the lock free
/// may destroy it.
///
/// The price: while the system has interrupted the holder, those who wait use up processor time, and if they are as many as
/// the processors, it is their giving way that lets the holder go on. So what is done under it takes some dozen instructions
/// and ends by itself: links are set, a waker is moved or copied (which counts). Mutex is right where memory is allocated,
/// a waker is woken or destroyed, a T is moved, or a list of any length is walked while others may want the lock. And a
/// BriefMutex is wrong under real-time scheduling, where giving way lets none run that matters less, as the holder may.
///
/// Source of the idea: the spin locks of kernels.
#pragma once

#include <rt/sync.hpp>

#include <utility>

namespace rt {

class BriefMutex {
  public:
    BriefMutex() noexcept = default;
    BriefMutex(const BriefMutex&) = delete;
    BriefMutex& operator=(const BriefMutex&) = delete;

    /// Called by `BriefLock`, as the next one.
    void lock() noexcept {
        while (held_.exchange(true, acquire)) {
            wait_until_free();
        }
    }
    void unlock() noexcept { held_.store(false, release); }

    /// Returns when the lock was free at some moment since the call: whoever held it at the call has let go of it, and what
    /// they did before is visible. Called by whoever has learned without the lock, through an acquire of what the holder
    /// released, that something was done under it: so this cannot see the lock as it was before.
    void wait_until_free() const noexcept {
        for (unsigned looks = 1; held_.load(acquire); ++looks) {
            if (looks % looks_before_yield == 0) {
                yield_thread();
            }
        }
    }

  private:
    static constexpr unsigned looks_before_yield = 64;

    Atomic<bool> held_{false};
};

/// Holds a BriefMutex until the end of its scope, or until `unlock`.
class BriefLock {
  public:
    explicit BriefLock(BriefMutex& mutex) noexcept : mutex_(&mutex) { mutex.lock(); }
    BriefLock(BriefLock&& other) noexcept : mutex_(other.mutex_), holds_(std::exchange(other.holds_, false)) {}
    BriefLock& operator=(BriefLock&&) = delete;
    ~BriefLock() {
        if (holds_) {
            mutex_->unlock();
        }
    }

    /// Called when it holds.
    void unlock() noexcept {
        holds_ = false;
        mutex_->unlock();
    }
    /// Called when it does not.
    void lock() noexcept {
        mutex_->lock();
        holds_ = true;
    }

  private:
    BriefMutex* mutex_;
    bool holds_ = true;
};

}  // namespace rt
