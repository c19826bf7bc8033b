/// \file
/// `TaskState`: one atomic word that says what a task is doing, what it waits for, and who keeps it alive.
///
///   bit        is set by                              is cleared by                 means
///   notified   the birth, a wake, an abort            (1) start, before the poll    the task must be run once more
///   running    (1) start                              (2) complete, (3) pause       a thread is polling the future
///   complete   (2) complete, the outcome is stored    nobody                        the future is gone for good
///   aborted    (4) abort                              nobody                        destroy the future, don't poll it
///   handle     the birth                              the JoinHandle's destructor   somebody may ask for the outcome
///   owned      the birth, for lesson 10               `drop_finished`               a runtime's list holds the task
///   the rest   is a count of references: one for each Waker, and one for the Runnable
///
/// The numbers are those of the functions below:
///
///   born ──► notified ──(1) start──► running ──(2) complete──► complete, for good
///             ▲    ▲                  │   │
///             │    └─(3) pause: woken─┘   └─(3) pause──► asleep: neither notified nor running
///             └────────────────(4) wake, abort─────────────┘
///
/// Invariants:
///  - A task that is notified, but neither running nor complete, has exactly one Runnable. It is in a queue or on its
///    way there. No task is queued twice, because only the wake that finds none of the three bits makes a Runnable.
///  - While the task is running, the thread that polls it has the Runnable. A wake only sets `notified`. The thread
///    sees the bit when the poll ends, and queues the Runnable again.
///  - `handle` and `complete` are in one word. So exactly one side, the JoinHandle or the thread that finishes the
///    task, sees that the other one came first, and that side destroys the outcome.
///  - `handle`, `owned`, and each reference keep the task alive. The side that takes the last of them away deletes it.
///  - Every wake writes to the word, even if no bit changes. The write publishes what the waking thread did before, and
///    `start` reads it. Tokio had a plain load here for six years, and lost wakeups.
///
/// Each part of a task may be touched only by its owner:
///
///   future                     the holder of the Runnable, until complete
///   outcome                    the holder of the Runnable, until complete. Then the JoinHandle, if there still is one
///   the JoinHandle's waker     any thread: it is in a WakerSlot (lesson 05)
///   next_in_queue              the queue that the Runnable is in
///   next_owned, previous_owned the list that holds the task, until it has left the list
///
/// Thread safety: any thread may call any function. But `start`, `pause`, `complete`, and `drop_finished` belong to the
/// holder of the Runnable, and `drop_handle` belongs to the JoinHandle.
///
/// Source: async-task's `state.rs`, Tokio's `runtime/task/state.rs`.
#pragma once

#include <rt/sync.hpp>
#include <rt/todo.hpp>

namespace rt {

/// Each transition returns what its caller must do next.
class TaskState {
  public:
    enum class OnWake { nothing, schedule };
    enum class [[nodiscard]] OnStart { poll, cancel };
    enum class [[nodiscard]] OnPause { nothing, schedule_again, destroy, report_lost };
    enum class [[nodiscard]] OnComplete { wake_handle, drop_outcome };
    enum class [[nodiscard]] OnDropHandle { nothing, drop_outcome };
    enum class [[nodiscard]] OnDropReference { nothing, destroy };

    /// A new task: it has one Runnable, one handle, and a place in a list if `is_owned`.
    explicit TaskState(bool is_owned) noexcept
        : word_(notified | handle | reference | (is_owned ? unsigned{owned} : 0U)) {}

    /// (4) Asks for a poll. If this returns `schedule`, the caller makes a Runnable with a reference of its own.
    OnWake wake() noexcept { return notify(notified); }

    /// (4) Asks the task to end. If this returns `schedule`, the caller makes a Runnable, as for `wake`.
    OnWake abort() noexcept { return notify(notified | aborted); }

    /// (1) Begins a poll. Called by the holder of the Runnable.
    OnStart start() noexcept {
        // TODO(09.1) From now on the task is running, and a wake asks for one more poll. See everything that the waking
        // thread did before. Return `cancel` if the task was aborted.
        todo("09.1 begin a poll");
    }

    /// (3) Ends a poll that was Pending. Unless the Runnable is to be scheduled again, gives its reference back.
    OnPause pause() noexcept {
        // TODO(09.1) End the poll. If a wake came, the caller schedules the Runnable again. Otherwise give its
        // reference back. What keeps the task alive: nothing, only a list, or something else?
        todo("09.1 end a poll that was Pending");
    }

    /// (2) Ends the last poll. Called when the outcome is stored.
    OnComplete complete() noexcept {
        // TODO(09.1) The task is no longer running, but complete. Publish the outcome. Can a handle still ask for it?
        todo("09.1 end the last poll");
    }

    /// Replaces the `handle` bit by one reference, which keeps the task alive until the caller gives it back.
    OnDropHandle drop_handle() noexcept {
        // TODO(09.1) Replace the `handle` bit by a reference. If the task is complete, its outcome must be visible
        // here, because the caller destroys the outcome.
        todo("09.1 drop the handle");
    }

    /// Adds a reference. Called by code that owns a reference already.
    void add_reference() noexcept { word_.fetch_add(reference, relaxed); }

    /// Gives one reference back.
    OnDropReference drop_reference() noexcept {
        return subtract(reference) == 0 ? OnDropReference::destroy : OnDropReference::nothing;
    }

    /// Gives back the Runnable's reference, and the list's hold if there is one. Called at the end of a complete task.
    OnDropReference drop_finished() noexcept {
        unsigned held = is_owned() ? unsigned{reference} + unsigned{owned} : unsigned{reference};
        return subtract(held) == 0 ? OnDropReference::destroy : OnDropReference::nothing;
    }

    /// True once the outcome is stored. Whatever the storing thread did before is visible then.
    bool is_complete() const noexcept { return (word_.load(acquire) & complete_) != 0; }
    bool is_aborted() const noexcept { return (word_.load(relaxed) & aborted) != 0; }
    bool is_owned() const noexcept { return (word_.load(relaxed) & owned) != 0; }

  private:
    enum Bit : unsigned {
        running = 1,
        notified = 2,
        complete_ = 4,
        aborted = 8,
        handle = 16,
        owned = 32,
        reference = 64,  // the lowest bit of a count with 26 bits: that many wakers would fill a gigabyte
    };
    friend bool operator!(Bit) = delete;  // `!` is the logical "not" only. The word without a bit is word & ~bit.
    static constexpr unsigned keeps_alive = ~unsigned{running | notified | complete_ | aborted};

    OnWake notify(unsigned bits) noexcept {
        // TODO(09.1) Set the bits, whatever the task is doing. Publish what this thread did before. Return `schedule`
        // if the caller must make a Runnable.
        todo("09.1 set the bits of a wake", bits);
    }

    /// Subtracts `amount`, and returns the bits that still keep the task alive.
    unsigned subtract(unsigned amount) noexcept { return (word_.fetch_sub(amount, acq_rel) - amount) & keeps_alive; }

    Atomic<unsigned> word_;
};

}  // namespace rt
