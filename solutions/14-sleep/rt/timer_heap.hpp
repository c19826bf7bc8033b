/// Given: a heap as in every textbook. You use `push`, `remove`, `pop`, `is_empty`, and `next_deadline`.
/// \file
/// `Timer`: a wait for a moment, with the waker of the task that waits. `TimerHeap`: many timers, the earliest on top.
///
/// A Timer is a member of the future that waits, so the heap owns no timer. It is an array of deadlines with pointers. Each timer
/// knows its place in the array, so it is removed without a search. A std::multimap would be shorter, but it allocates, so
/// setting a timer would take twice the time. An entry has four children instead of two, which halves the levels, because
/// each move to another level writes to a timer that is not in the cache.
///
/// Thread safety: none. Timers brings a lock (timers.hpp).
///
/// Source: the place kept in the timer, Asio's `timer_queue`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rt {

class TimerHeap;
class Timers;

/// One wait for one moment. While it is set, all fields but `state_` are under the lock of its Timers.
class Timer {
  public:
    explicit Timer(bool moves_clock = false) noexcept : moves_clock_(moves_clock) {}
    /// A timer that waits must not move.
    Timer(Timer&& other) noexcept : moves_clock_(other.moves_clock_) {}

    /// True for the timer of an `advance`, which moves a paused clock to its deadline.
    bool moves_clock() const noexcept { return moves_clock_; }

    // The owner asks these. A waiting timer may fire at any time.
    bool is_idle() const noexcept { return state_.load(acquire) == State::idle; }
    bool is_waiting() const noexcept { return state_.load(acquire) == State::waiting; }
    bool has_fired() const noexcept { return state_.load(acquire) == State::fired; }
    /// Makes it idle, so that it may be set again. Called by the owner of a timer that is not waiting.
    void clear() noexcept { state_.store(State::idle, relaxed); }

    /// Where it was set. Called while it is waiting.
    Timers& timers() const noexcept {
        if (checks_enabled && timers_ == nullptr) {
            violation("this Timer was never set, so it belongs to no Timers. Ask is_waiting first.");
        }
        return *timers_;
    }

  private:
    friend TimerHeap;
    friend Timers;
    enum class State : std::uint8_t { idle, waiting, fired };

    Timers* timers_ = nullptr;  // valid while it is waiting
    Waker waker_;
    std::uint64_t order_ = 0;  // how many timers were pushed to the heap before
    std::uint32_t place_ = 0;  // in the heap's array
    Atomic<State> state_{State::idle};
    bool const moves_clock_;
};

/// A heap whose entries have up to four children.
class TimerHeap {
  public:
    bool is_empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }

    /// The earliest deadline, or Instant::max() if there is none.
    Instant next_deadline() const noexcept { return is_empty() ? Instant::max() : entries_.front().deadline; }

    /// Inserts `timer`, which must not move from now on. Timers with the same deadline come out in the order of their pushes.
    void push(Timer& timer, Instant deadline) {
        entries_.emplace_back();
        timer.order_ = pushed_++;
        settle(entries_.size() - 1, Entry{deadline, &timer});
    }

    /// Removes `timer`, which must be here.
    void remove(Timer& timer) noexcept {
        Entry const last = entries_.back();
        entries_.pop_back();
        if (last.timer != &timer) {
            settle(timer.place_, last);
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
        Timer* timer;

        bool operator<(const Entry& other) const noexcept {
            return deadline != other.deadline ? deadline < other.deadline : timer->order_ < other.timer->order_;
        }
    };

    static constexpr std::size_t children = 4;
    static std::size_t parent_of(std::size_t place) noexcept { return (place - 1) / children; }

    /// Puts `entry` into `hole`, or where it belongs above or below it.
    void settle(std::size_t hole, Entry entry) noexcept {
        while (hole != 0 && entry < entries_[parent_of(hole)]) {
            put(hole, entries_[parent_of(hole)]);
            hole = parent_of(hole);
        }
        for (std::size_t first = children * hole + 1; first < entries_.size(); first = children * hole + 1) {
            std::size_t const end = std::min(first + children, entries_.size());
            std::size_t least = first;
            for (std::size_t child = first + 1; child < end; ++child) {
                least = entries_[child] < entries_[least] ? child : least;
            }
            if (entry < entries_[least]) {
                break;
            }
            put(hole, entries_[least]);
            hole = least;
        }
        put(hole, entry);
    }

    void put(std::size_t place, Entry entry) noexcept {
        entries_[place] = entry;
        entry.timer->place_ = static_cast<std::uint32_t>(place);
    }

    std::vector<Entry> entries_;
    std::uint64_t pushed_ = 0;
};

}  // namespace rt
