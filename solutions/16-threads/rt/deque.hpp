/// \file
/// `Deque`: the queue of one worker. Its owner pushes at the tail and pops at the head; thieves take half, from the head.
///
/// So it is first in, first out, for owner and thief alike: old tasks are not buried under new ones. It is a ring of 256
/// slots and two indices that only ever grow; index i lies in slot i % 256:
///
///        head                    tail              head ≤ tail ≤ head + 256
///   ······├──────── tasks ────────┤······          the owner alone moves tail; whoever takes moves head
///
/// Taking is: read the head, read the tail, copy the slots, then move the head by one compare-exchange. Only if that
/// succeeds is what was copied ours. Why that is right, with each memory order in its place:
///
///  1. *No task is taken twice.* Indices have 64 bits and never come back. So of all that try to move the head away from the
///     value h, one succeeds, owner or thief; the others have copied for nothing.
///  2. *What was copied is what was pushed.* The owner writes a slot before it publishes the tail (release), a thief reads the
///     tail (acquire) before the slot: it sees that write, or a later one. A later one would be of index h + 256 or more,
///     which the owner writes only when it has seen the head beyond h; then, by 1, the thief's exchange fails.
///  3. *No slot is overwritten under a reader that wins.* The winner's reads come before its exchange (release), the owner
///     sees the moved head (acquire) before it writes into that slot again.
///  4. *The tail is never behind the head* for a thief that reads the head first (acquire): whoever moved the head there had
///     seen the tail at least there.
///
/// Slots are atomics because of the thief in 2 that reads while the owner writes, and loses. Relaxed is enough for them.
///
/// Source of the idea: `runqput`, `runqget` and `runqgrab` of Go's scheduler; Tokio's queue is the same with a second head.
#pragma once

#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>

#include <algorithm>
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

    Deque() noexcept : Deque(0) {}
    /// Begins at `first_index`. Called by tests.
    explicit Deque(std::uint64_t first_index) noexcept : head_(first_index), tail_(first_index) {}
    Deque(const Deque&) = delete;
    Deque& operator=(const Deque&) = delete;
    /// Drops what is left, which cancels those tasks.
    ~Deque() {
        while (auto runnable = pop()) {}
    }

    /// Puts `runnable` behind the others; if there is no room, moves the older half and it into `overflow`. True if it is the
    /// only one now. Called by the owner.
    bool push(Runnable runnable, InjectionQueue& overflow) noexcept {
        std::uint64_t const tail = tail_.load(relaxed);  // nobody else writes it
        for (;;) {
            std::uint64_t head = head_.load(acquire);  // 3: thieves up to here have read their slots
            if (tail - head < capacity) {
                slot(tail).store(std::move(runnable).into_raw(), relaxed);
                tail_.store(tail + 1, release);  // 2
                return tail == head;
            }
            TaskQueue older;
            if (take(head, half, older)) {
                older.push(std::move(runnable));
                overflow.push_all(older);
                return false;
            }
            // A thief was faster: now there is room.
        }
    }

    /// Makes sure that whoever looks by `is_empty` from now on sees what was pushed; without it, that may take a moment. Called
    /// by the owner before it asks whether a worker must be woken (idle.hpp).
    void announce() noexcept { tail_.store(tail_.load(relaxed), seq_cst); }

    /// The oldest. Called by the owner.
    std::optional<Runnable> pop() noexcept {
        std::uint64_t const tail = tail_.load(relaxed);
        std::uint64_t head = head_.load(acquire);
        while (head != tail) {
            Task* task = slot(head).load(relaxed);  // our own write, or ours to lose
            if (head_.compare_exchange_weak(head, head + 1, acq_rel, acquire)) {
                return Runnable::from_raw(task);
            }
        }
        return std::nullopt;
    }

    /// Takes the older half of `victim`, rounded up: returns the oldest, the others come behind what is here; `count` is
    /// how many in all. Called by the owner of this queue, about another's.
    std::optional<Runnable> steal_from(Deque& victim, std::size_t& count) noexcept {
        std::uint64_t const tail = tail_.load(relaxed);
        std::size_t const room = capacity - static_cast<std::size_t>(tail - head_.load(acquire));
        std::uint64_t head = victim.head_.load(acquire);
        for (;;) {
            std::uint64_t const size = victim.tail_.load(acquire) - head;
            if (size > capacity) {
                head = victim.head_.load(acquire);  // the head is an old one: it has moved on since
                continue;
            }
            std::size_t const n = std::min(static_cast<std::size_t>(size - size / 2), room + 1);
            if (n == 0) {
                return std::nullopt;
            }
            Task* first = victim.slot(head).load(relaxed);
            for (std::size_t i = 1; i < n; ++i) {
                // Into our ring at once: behind our tail, nobody looks.
                slot(tail + i - 1).store(victim.slot(head + i).load(relaxed), relaxed);
            }
            if (victim.head_.compare_exchange_weak(head, head + n, acq_rel, acquire)) {
                // Not announced: a thief is a searching worker, and that is looked after (idle.hpp).
                tail_.store(tail + (n - 1), release);
                count = n;
                return Runnable::from_raw(first);
            }
        }
    }

    /// True if nothing is in it at this moment. Called from any thread; sequentially consistent with `announce`.
    bool is_empty() const noexcept {
        std::uint64_t const head = head_.load(seq_cst);
        return tail_.load(seq_cst) == head;
    }

    /// How many are in it, at least if the owner asks; exactly if no thief is about.
    std::size_t size() const noexcept {
        std::uint64_t const head = head_.load(acquire);
        return static_cast<std::size_t>(tail_.load(acquire) - head);
    }

  private:
    Atomic<Task*>& slot(std::uint64_t index) noexcept { return slots_[index % capacity]; }

    /// Moves the `n` oldest, which are there, into `to`, unless a thief came first. Called by the owner.
    bool take(std::uint64_t head, std::size_t n, TaskQueue& to) noexcept {
        if (!head_.compare_exchange_strong(head, head + n, acq_rel, relaxed)) {
            return false;
        }
        // Ours, and not overwritten: we are the one who writes.
        for (std::size_t i = 0; i < n; ++i) {
            to.push(Runnable::from_raw(slot(head + i).load(relaxed)));
        }
        return true;
    }

    // Apart from each other: thieves write the one, the owner the other.
    alignas(64) Atomic<std::uint64_t> head_;
    alignas(64) Atomic<std::uint64_t> tail_;
    std::array<Atomic<Task*>, capacity> slots_{};
};

}  // namespace rt
