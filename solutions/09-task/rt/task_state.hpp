/// \file
/// The state word of a task: one integer that says who may do what with it now.
///
///   bit        set                                        cleared
///   running    by the thread that begins a poll           when that poll ends
///   notified   by a wake, an abort, at birth              right before the poll: a wake during it sets it again
///   complete   when the outcome is stored                 never
///   aborted    by an abort                                never
///   handle     at birth                                   when the JoinHandle is dropped
///   awaited    when the handle has put its waker down     when the handle takes it up again
///   owned      at birth, if a runtime keeps a list        when the task has left that list
///   the rest   counts references: each Waker, and the Runnable
///
/// The steps, numbered as the functions below:
///
///   born ──► notified ──(1) start──► running ──(2) complete──► complete, for ever
///             ▲    ▲                  │   │
///             │    └─(3) pause: woken─┘   └─(3) pause──► asleep: none of these bits
///             └────────────────(4) wake, abort─────────────┘
///
/// What follows from it:
///  - While notified, and neither running nor complete, exactly one Runnable exists: in a queue, or on its way into one. So
///    a task is never queued twice: only the wake that finds none of running, notified, complete makes a Runnable.
///  - While running, the poller holds the Runnable. A wake meanwhile only sets notified; the poller sees that when it ends
///    the poll, and queues the Runnable again.
///  - Only the holder of the Runnable touches the future, and stores the outcome. So nobody needs a lock for either.
///  - While neither awaited nor complete, the place for the handle's waker is the handle's. Whichever of the two bits comes second
///    finds the other in the word: so if the task completes while awaited, the waker is the poller's, and else the handle's.
///  - Once complete, the outcome is the handle's, if there still is one; `handle` and `complete` are in one word, so exactly
///    one side sees that the other is gone, and destroys the outcome. Complete is final: later wakes and aborts change
///    nothing that anyone looks at.
///  - `handle`, `owned` and each reference keep the task alive; whoever takes the last of them away destroys it.
///
/// A transition returns what its caller must now do. Every wake writes to the word, also when it changes nothing: so what
/// the waker's thread did before is seen by the poll that follows. (A plain load here was a bug in Tokio for six years.)
/// The count has 25 bits: as many wakers of one task would fill half a gigabyte.
///
/// Source of the idea: async-task's `state.rs`, Tokio's `runtime/task/state.rs`.
#pragma once

#include <rt/sync.hpp>

namespace rt {

class TaskState {
  public:
    enum class OnWake { nothing, schedule };
    enum class OnStart { poll, cancel };
    enum class OnPause { nothing, schedule_again, destroy, complain };
    enum class OnComplete { nothing, wake_handle, drop_outcome };
    enum class OnAwait { nothing, take_waker_back };
    enum class OnDropHandle { nothing, destroy, drop_outcome };
    enum class OnRelease { nothing, destroy };

    /// A newborn task: one Runnable, one handle, and a place in a list if `is_owned`.
    explicit TaskState(bool is_owned) noexcept
        : word_(notified | handle | reference | (is_owned ? unsigned{owned} : 0U)) {}

    /// (4) A wake that keeps its reference. On `schedule` the caller makes a Runnable, with a reference of its own.
    OnWake wake() noexcept { return notify(notified); }

    /// (4) A wake that asks the task to end. On `schedule` as above.
    OnWake abort() noexcept { return notify(notified | aborted); }

    /// (1) Called by the holder of the Runnable, before it polls.
    OnStart start() noexcept {
        unsigned before = word_.fetch_xor(notified | running, acq_rel);
        return (before & aborted) != 0 ? OnStart::cancel : OnStart::poll;
    }

    /// (3) Called after a poll that was Pending. Gives the Runnable's reference back, unless it is to be scheduled again.
    OnPause pause() noexcept {
        unsigned before = word_.load(relaxed);
        for (;;) {
            bool again = (before & notified) != 0;
            unsigned after = (before & ~unsigned{running}) - (again ? 0U : unsigned{reference});
            if (word_.compare_exchange_weak(before, after, acq_rel, relaxed)) {
                if (again) {
                    return OnPause::schedule_again;
                }
                if ((after & keeps_alive) == 0) {
                    return OnPause::destroy;
                }
                // No waker is left, nothing was woken, no handle can abort: a list alone keeps this task, for ever.
                return (after & keeps_alive) == owned ? OnPause::complain : OnPause::nothing;
            }
        }
    }

    /// (2) Called when the outcome is stored.
    OnComplete complete() noexcept {
        unsigned before = word_.fetch_xor(running | complete_, acq_rel);
        if ((before & handle) == 0) {
            return OnComplete::drop_outcome;
        }
        return (before & awaited) != 0 ? OnComplete::wake_handle : OnComplete::nothing;
    }

    /// Called by the handle when its waker lies in its place. On `take_waker_back` the task is complete, and nobody will
    /// come for it.
    OnAwait begin_await() noexcept {
        unsigned before = word_.fetch_or(awaited, acq_rel);
        return (before & complete_) != 0 ? OnAwait::take_waker_back : OnAwait::nothing;
    }

    /// Called by the handle, when it has begun, before it touches its waker again. On `nothing` the task is complete, and the
    /// waker is the poller's.
    OnAwait end_await() noexcept {
        unsigned before = word_.fetch_and(~unsigned{awaited}, acq_rel);
        return (before & complete_) != 0 ? OnAwait::nothing : OnAwait::take_waker_back;
    }

    /// Called when the JoinHandle is dropped. On `drop_outcome` the handle still keeps the task alive: the caller destroys
    /// the outcome, then calls `release_handle`.
    OnDropHandle drop_handle() noexcept {
        unsigned before = word_.load(acquire);
        do {
            if ((before & complete_) != 0) {
                return OnDropHandle::drop_outcome;
            }
        } while (!word_.compare_exchange_weak(before, before - handle, acq_rel, acquire));
        return ((before - handle) & keeps_alive) == 0 ? OnDropHandle::destroy : OnDropHandle::nothing;
    }

    /// The second half of `drop_handle`, for a task that is complete.
    OnRelease release_handle() noexcept { return subtract(handle); }

    /// Called for one more reference, by someone who has one.
    void retain() noexcept { word_.fetch_add(reference, relaxed); }

    /// Gives one reference back.
    OnRelease release_one() noexcept { return subtract(reference); }

    /// Gives back the Runnable's reference and, if there is one, the list's hold. Called at the very end.
    OnRelease release_finished() noexcept {
        bool is_owned = (word_.load(relaxed) & owned) != 0;
        return subtract(is_owned ? unsigned{reference} + unsigned{owned} : unsigned{reference});
    }

    /// True once the outcome is stored; what its storing thread did before is then visible.
    bool is_complete() const noexcept { return (word_.load(acquire) & complete_) != 0; }
    bool is_aborted() const noexcept { return (word_.load(relaxed) & aborted) != 0; }
    bool is_owned() const noexcept { return (word_.load(relaxed) & owned) != 0; }
    /// True if the handle has put its waker down, and not taken it up again: if the task is complete meanwhile, the poller
    /// has come for it. Asked by the handle.
    bool is_awaited() const noexcept { return (word_.load(relaxed) & awaited) != 0; }

  private:
    enum Bit : unsigned {
        running = 1,
        notified = 2,
        complete_ = 4,
        aborted = 8,
        handle = 16,
        owned = 32,
        awaited = 64,
        reference = 128,
    };
    static constexpr unsigned keeps_alive = ~unsigned{running | notified | complete_ | aborted | awaited};

    OnWake notify(unsigned bits) noexcept {
        unsigned before = word_.fetch_or(bits, acq_rel);
        return (before & (running | notified | complete_)) == 0 ? OnWake::schedule : OnWake::nothing;
    }

    /// Does nothing else keep the task alive? Then nobody else is here, and nothing need be written.
    OnRelease subtract(unsigned amount) noexcept {
        bool is_last =
            (word_.load(acquire) & keeps_alive) == amount || (word_.fetch_sub(amount, acq_rel) & keeps_alive) == amount;
        return is_last ? OnRelease::destroy : OnRelease::nothing;
    }

    Atomic<unsigned> word_;
};

}  // namespace rt
