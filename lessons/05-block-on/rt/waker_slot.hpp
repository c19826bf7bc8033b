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
#include <rt/todo.hpp>
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
        // TODO(05.3) Enter the slot: go from `idle` to `registering`. If another thread is taking a waker out, wake
        // `waker` and return.
        todo("05.3 enter the slot", waker);
        // Given: until this thread leaves the slot, no other thread touches the waker.
        if (!waker_.will_wake(waker)) {
            waker_ = waker;
        }
        // TODO(05.3) Leave the slot: go from `registering` to `idle`. If a wake came meanwhile, do that wake.
        todo("05.3 leave the slot, and wake if a wake came meanwhile");
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
        // TODO(05.3) Set the `waking` bit. If the slot was idle, return its waker, and leave it idle again. Otherwise
        // return an empty waker.
        todo("05.3 take the waker out");
    }

  private:
    enum State : unsigned { idle = 0, registering = 1, waking = 2 };

    Waker waker_;
    Atomic<unsigned> state_{idle};
};

}  // namespace rt
