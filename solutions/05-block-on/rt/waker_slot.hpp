/// \file
/// `WakerSlot`: room for one waker, filled by a task and emptied by whoever makes it ready, from two threads at once.
///
/// The one rule for its users: **register first, then look** whether the thing has happened. The other side makes the
/// thing happen first, then wakes. Whichever way the two interleave, one of them sees the other.
///
/// Inside, two bits say who is at work in the slot:
///
///   waiting      0   nobody; the waker, if there is one, lies still
///   registering  1   one task is replacing the waker; it alone may touch it
///   waking       2   one thread is taking the waker out; it alone may touch it
///   both         3   a wake came while the task was registering: the task, when it is done, wakes itself
///
/// Each change of the state looks at what it replaces (compare_exchange, exchange, fetch_or, fetch_and). A store would
/// wipe out a wake that came a moment before, and what that thread wrote before it would not be seen here.
///
/// Source of the idea: `AtomicWaker` of Rust's futures crate.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace rt {

class WakerSlot {
  public:
    WakerSlot() noexcept = default;
    WakerSlot(const WakerSlot&) = delete;
    WakerSlot& operator=(const WakerSlot&) = delete;

    /// Keeps `waker` in place of the one before. Called by the waiting side, by one thread at a time, before it looks
    /// whether to wait at all.
    void register_waker(const Waker& waker) noexcept {
        unsigned state = waiting;
        if (!state_.compare_exchange_strong(state, registering, acquire, acquire)) {
            // A wake is under way right now; it may have taken the old waker. Whoever registers looks afterwards, but
            // the look may have happened elsewhere: being polled once too often is harmless.
            waker.wake_by_ref();
            return;
        }
        if (!waker_.will_wake(waker)) {
            waker_ = waker;
        }
        state = registering;
        if (!state_.compare_exchange_strong(state, waiting, acq_rel, acquire)) {
            // state is `both`: the wake that came meanwhile found us here and left the waking to us.
            Waker woken = std::move(waker_);
            state_.exchange(waiting, acq_rel);
            std::move(woken).wake();
        }
    }

    /// Takes the waker out and wakes it, if there is one. Called by the side that made it ready, from any thread.
    void wake() noexcept {
        if (Waker waker = take()) {
            std::move(waker).wake();
        }
    }

    /// Takes the waker out without waking it; empty if there is none, if another wake is at it, or if a registration is
    /// under way, which then sees to the waking itself. Called to wake outside a lock.
    Waker take() noexcept {
        if (state_.fetch_or(waking, acq_rel) != waiting) {
            return Waker();
        }
        Waker waker = std::move(waker_);
        state_.fetch_and(~unsigned{waking}, release);
        return waker;
    }

  private:
    enum State : unsigned { waiting = 0, registering = 1, waking = 2 };

    Waker waker_;
    Atomic<unsigned> state_{waiting};
};

}  // namespace rt
