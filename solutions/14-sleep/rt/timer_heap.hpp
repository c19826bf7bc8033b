/// Given: a heap as in every textbook; you use `push`, `remove`, `pop`, `is_empty` and `next_deadline`.
/// \file
/// `Timer`: something that is to be woken at a moment. `TimerHeap`: many of them, the earliest on top.
///
/// A Timer lies inside the future that waits, whose poll has pinned it. So the heap owns no timer. It is an array of deadlines
/// with pointers. Each timer knows its place in the array, so it is removed without a search.
///
/// A std::multimap would do the same in fewer lines. Setting a timer takes half the time here, because nothing is allocated,
/// and that keeps it ahead of Asio's timers.
///
/// *Thread safety*: none. Timers brings a lock (timers.hpp).
///
/// Source of the idea: the place kept in the timer, Asio's `timer_queue`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rt {

class TimerHeap;
class Timers;

/// One wait for one moment. While it is set, all fields but `state_` are under the lock of its Timers.
class Timer {
  public:
    Timer() noexcept = default;
    /// A timer that waits must not move. One that does not wait carries nothing over.
    Timer(Timer&&) noexcept {}
    Timer& operator=(Timer&&) = delete;
    ~Timer() = default;

    // The owner asks these. A waiting timer may fire at any time, and only then changes by itself.
    /// Returns true while it is not set.
    bool is_idle() const noexcept { return state_.load(acquire) == State::idle; }
    /// Returns true while it is set and has not fired.
    bool is_waiting() const noexcept { return state_.load(acquire) == State::waiting; }
    /// Returns true if its moment has come. What the firing thread did before is then visible.
    bool has_fired() const noexcept { return state_.load(acquire) == State::fired; }

    /// Where it was set last. Called by its owner while it is waiting.
    Timers& timers() const noexcept { return *timers_; }
    /// Makes a fired timer idle, so that it may be set again. Called by its owner.
    void clear() noexcept { state_.store(State::idle, relaxed); }

  private:
    friend TimerHeap;
    friend Timers;
    enum class State : std::uint8_t { idle, waiting, fired };

    Timers* timers_ = nullptr;  // valid while it is waiting
    Waker waker_;
    std::size_t place_ = 0;  // in the heap's array
    Atomic<State> state_{State::idle};
};

/// A binary heap.
class TimerHeap {
  public:
    bool is_empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }

    /// The earliest deadline, or Instant::max() if there is none.
    Instant next_deadline() const noexcept { return is_empty() ? Instant::max() : entries_.front().deadline; }

    /// Inserts `timer`, which must not move from now on. Timers with the same deadline come out in the order of their pushes.
    void push(Timer& timer, Instant deadline) {
        entries_.push_back(Entry{deadline, ++pushed_, &timer});
        move_up(entries_.size() - 1, entries_.back());
    }

    /// Removes `timer`, which must be here.
    void remove(Timer& timer) noexcept {
        std::size_t const hole = timer.place_;
        Entry const last = entries_.back();
        entries_.pop_back();
        if (hole == entries_.size()) {
            return;
        }
        if (hole != 0 && last.is_before(entries_[parent_of(hole)])) {
            move_up(hole, last);
        } else {
            move_down(hole, last);
        }
    }

    /// Removes the earliest. Called when not empty.
    Timer& pop() noexcept {
        Timer& first = *entries_.front().timer;
        remove(first);
        return first;
    }

  private:
    struct Entry {
        Instant deadline;
        std::uint64_t order;
        Timer* timer;

        bool is_before(const Entry& other) const noexcept {
            return deadline < other.deadline || (deadline == other.deadline && order < other.order);
        }
    };

    static std::size_t parent_of(std::size_t place) noexcept { return (place - 1) / 2; }

    void put(std::size_t place, Entry entry) noexcept {
        entries_[place] = entry;
        entry.timer->place_ = place;
    }

    /// Puts `entry` into `hole` or above, and moves those it passes down.
    void move_up(std::size_t hole, Entry entry) noexcept {
        while (hole != 0 && entry.is_before(entries_[parent_of(hole)])) {
            put(hole, entries_[parent_of(hole)]);
            hole = parent_of(hole);
        }
        put(hole, entry);
    }

    /// Puts `entry` into `hole` or below, and moves those it passes up.
    void move_down(std::size_t hole, Entry entry) noexcept {
        for (std::size_t child = 2 * hole + 1; child < entries_.size(); child = 2 * hole + 1) {
            if (child + 1 < entries_.size() && entries_[child + 1].is_before(entries_[child])) {
                ++child;
            }
            if (!entries_[child].is_before(entry)) {
                break;
            }
            put(hole, entries_[child]);
            hole = child;
        }
        put(hole, entry);
    }

    std::vector<Entry> entries_;
    std::uint64_t pushed_ = 0;
};

}  // namespace rt
