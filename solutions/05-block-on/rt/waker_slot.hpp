/// \file
/// `WakerSlot`: room for one waker. A task puts its newest waker in, and another thread takes it out and wakes it.
///
/// A user of the slot keeps one rule. The task registers its waker **first** and then looks whether the event has happened.
/// The other thread makes the event happen **first** and then wakes. So in every order of the two, the task sees the event
/// or the other thread finds the waker.
///
/// Invariants: two bits say which thread may touch the waker.
///
///   state         value  which thread may touch the waker
///   idle          0      none
///   registering   1      the task, which replaces it
///   waking        2      the thread that set the bit, which takes it out
///   both          3      the task. A wake came while it was registering, so the task takes the waker out and wakes it
///
/// Every change of the state is a read-modify-write. A plain store would overwrite a wake that came a moment before.
///
/// Thread safety: one thread at a time registers. Any thread wakes or takes.
///
/// Source: `AtomicWaker` of Rust's futures crate, which calls the idle state WAITING.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace rt {

/// Room for the newest waker of one task.
class WakerSlot {
  public:
    WakerSlot() noexcept = default;
    WakerSlot(const WakerSlot&) = delete;
    WakerSlot& operator=(const WakerSlot&) = delete;

    /// Keeps a copy of `waker` instead of the older waker. If a wake happens at the same time, `waker` is woken. Called
    /// by the task, before it looks whether it has to wait.
    void register_waker(const Waker& waker) noexcept {
        unsigned expected = idle;
        if (!state_.compare_exchange_strong(expected, registering, acquire, acquire)) {
            // The wake under way may have taken an older waker, so it need not reach this task. One poll too many is harmless.
            waker.wake_by_ref();
            return;
        }
        // Given: until this thread leaves the slot, no other thread touches the waker.
        if (!waker_.will_wake(waker)) {
            waker_ = waker;
        }
        unsigned found = registering;
        if (!state_.compare_exchange_strong(found, idle, acq_rel, acquire)) {
            // Both bits are set. The thread that set `waking` has left the wake to this one.
            Waker woken = std::move(waker_);
            state_.exchange(idle, acq_rel);
            std::move(woken).wake();
        }
    }

    /// Takes the waker out and wakes it, if there is one. Called after the event has happened.
    void wake() noexcept {
        if (Waker waker = take()) {
            std::move(waker).wake();
        }
    }

    /// Takes the waker out and returns it. Returns an empty waker if there is none, if another thread is taking it out, or if
    /// the task is registering and will wake itself. A caller that holds a lock takes the waker, unlocks, and then wakes it.
    Waker take() noexcept {
        if (state_.fetch_or(waking, acq_rel) != idle) {
            return Waker();
        }
        Waker waker = std::move(waker_);
        state_.fetch_and(~waking, release);
        return waker;
    }

  private:
    enum State : unsigned { idle = 0, registering = 1, waking = 2 };

    Waker waker_;
    Atomic<unsigned> state_{idle};
};

}  // namespace rt
