/// \file
/// `Deque`: the queue of one worker. Its owner pushes at the tail and pops at the head. A thief takes half, from the head.
///
/// It is a ring of 256 slots and two indices that only grow. Index i lies in slot i % 256:
///
///        head                    tail              head ≤ tail ≤ head + 256
///   ······├──────── tasks ────────┤······          only the owner moves tail, the owner and the thieves move head
///
/// To take tasks, a thread loads the head, loads the tail, copies the slots, and moves the head by one compare-exchange.
/// The copies are its own only if the compare-exchange succeeds.
///
/// Invariants, and the memory orders that keep them:
///
///  1. No task is taken twice. Indices never come back, so of all threads that try to move the head away from the value h, one
///     succeeds.
///  2. A thief copies what was pushed, because the owner writes a slot before it stores the tail (release, and in `push`
///     seq_cst, see idle.hpp), and a thief loads the tail (acquire) before it reads the slot. If the owner has reused the slot,
///     the head has moved, and the thief's compare-exchange fails by 1. Such a thief reads a slot while the owner writes it, so
///     slots are atomics.
///  3. The owner overwrites no slot that a successful thief still reads. The thief reads before its compare-exchange
///     (release), and the owner loads the moved head (acquire) before it writes.
///  4. A thief sees no tail behind its head, because it loads the head first (acquire), and the thread that moved the head
///     there had seen the tail at least there.
///
/// Source: `runqput`, `runqget` and `runqgrab` of Go's scheduler. Tokio's queue has a second head.
#pragma once

#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>
#include <rt/todo.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace rt {

class Deque {
  public:
    static constexpr std::size_t capacity = 256;
    static constexpr std::size_t half = capacity / 2;

    /// Tests begin at another index.
    explicit Deque(std::uint64_t first_index = 0) noexcept : head_(first_index), tail_(first_index) {}
    /// Drops the Runnables that are left, which cancels their tasks.
    ~Deque() {
        while (auto runnable = pop()) {}
    }

    /// Appends `runnable`. If there is no room, moves the older half and `runnable` to `overflow`. Returns true if it is now
    /// the only one here. Called by the owner.
    bool push(Runnable runnable, InjectionQueue& overflow) noexcept {
        // TODO(16.1) Put the task into the slot of the tail, and publish it. If the queue is full, call `move_half`. After that
        // there is either nothing left to do, or room.
        todo("16.1 push a task at the tail", runnable, overflow);
    }

    /// Removes the oldest. Called by the owner.
    std::optional<Runnable> pop() noexcept {
        // TODO(16.1) Take the oldest task. Thieves may want the same one.
        todo("16.1 pop the oldest task");
    }

    /// Takes the older half of `victim`, rounded up. Returns the oldest, and the others are then here. Called by the owner of
    /// this queue, after its `pop` found nothing.
    std::optional<Runnable> steal_from(Deque& victim) noexcept {
        // TODO(16.1) Take half of the tasks of `victim`, rounded up. Return the oldest one, and put the others behind your own
        // tail. Only tasks that no other thread took meanwhile are yours.
        todo("16.1 steal half of another queue", victim);
    }

    /// Called from any thread. Sequentially consistent with `push`.
    bool is_empty() const noexcept { return size() == 0; }

    /// Exact if only the owner is at work.
    std::size_t size() const noexcept {
        std::uint64_t const head = head_.load(seq_cst);
        return static_cast<std::size_t>(tail_.load(seq_cst) - head);
    }

  private:
    // Given: makes room. Moves the older half, which begins at `head`, and `runnable` to `overflow`. Returns false if a thief
    // was faster, so that there is room now.
    bool move_half(std::uint64_t head, Runnable& runnable, InjectionQueue& overflow) noexcept {
        if (!head_.compare_exchange_strong(head, head + half, acq_rel, relaxed)) {
            return false;
        }
        TaskQueue older;
        for (std::size_t i = 0; i < half; ++i) {
            older.push(Runnable::from_raw(slot(head + i).load(relaxed)));  // only the owner would overwrite the slot
        }
        older.push(std::move(runnable));
        overflow.push_all(older);
        return true;
    }

    Atomic<Task*>& slot(std::uint64_t index) noexcept { return slots_[index % capacity]; }

    // On two cache lines, because thieves write the head and only the owner writes the tail.
    alignas(64) Atomic<std::uint64_t> head_;
    alignas(64) Atomic<std::uint64_t> tail_;
    std::array<Atomic<Task*>, capacity> slots_{};
};

}  // namespace rt
