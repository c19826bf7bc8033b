/// \file
/// `WakerSlot` over a state that calls the test after each access. So a test plays every order of two threads on one
/// thread, and needs no luck.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/seen_mutex.hpp>
#include <support/stepped_atomic.hpp>

#include <mutex>
#include <utility>

/// Counts accesses to a slot's state whose order is too weak.
struct SlotOrders {
    static inline constinit thread_local int unacquired = 0;  // entered the slot without `acquire`
    static inline constinit thread_local int unreleased = 0;  // left the slot, or set a bit there, without `release`
    static inline constinit thread_local int unheard = 0;     // took over a wake without `acquire`
    static inline constinit thread_local int released = 0;    // wrote the state with `release`

    /// From now on counts what the calling thread does.
    static void watch() noexcept {
        unacquired = unreleased = unheard = released = 0;
        hears = false;
        support::Steps::on_access = accessed;
    }

  private:
    static inline constinit thread_local bool hears = false;  // has read the `waking` bit with `acquire`

    static void accessed(const support::Access& access) noexcept {
        bool const heard = hears;
        hears = (access.before & 2U) != 0 && (hears || support::acquires(access.order));
        if (!access.writes) {
            return;
        }
        released += support::releases(access.order) ? 1 : 0;
        if (access.before == 0 && access.after != 0) {
            unacquired += support::acquires(access.order) ? 0 : 1;
        } else if (access.before != 0) {
            unreleased += support::releases(access.order) ? 0 : 1;
        }
        unheard += access.before == 3 && access.after == 0 && !heard && !hears ? 1 : 0;
        hears = hears && (access.after & 2U) != 0;
    }
};

namespace rt {

/// For the `Mutex` that a learner may put into waker_slot.hpp.
struct SlotRule {
    static constexpr const char* deadlock =
        "a deadlock: a waker was copied or dropped under the slot's lock, and its code used this slot again. Let the two bits "
        "decide which thread may touch the waker, without a lock.";
    static void unlocked() noexcept {}
};
using SteppedMutex = support::SeenMutex<SlotRule>;
using SteppedLock = std::unique_lock<SteppedMutex>;

}  // namespace rt

#define Atomic SteppedAtomic
#define Mutex SteppedMutex
#define Lock SteppedLock
#include <rt/waker_slot.hpp>
#undef Atomic
#undef Mutex
#undef Lock
