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
#include <rt/todo.hpp>
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
        // TODO(05.3) Go from `waiting` to `registering`. If that fails, a wake is under way: wake `waker` by reference, and
        // be done. Else keep a copy of `waker`, unless the one that lies there will wake the same waiter, and go back to
        // `waiting`. If *that* fails, a wake came meanwhile and left the rest to you: what remains to be done, and in which
        // order? (No lock: the copy runs code that may do anything, a wake of this slot too. And no `state_ = …`.)
        todo("05.3 register a waker", waker, waker_);
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
        // TODO(05.3) Announce that a wake is under way, whatever else is going on (fetch_or). Unless the slot was `waiting`,
        // leave empty-handed; else the waker is yours to move out. Then take the announcement back.
        todo("05.3 take the waker out");
    }

  private:
    enum State : unsigned { waiting = 0, registering = 1, waking = 2 };

    Waker waker_;
    Atomic<unsigned> state_{waiting};
};

}  // namespace rt
