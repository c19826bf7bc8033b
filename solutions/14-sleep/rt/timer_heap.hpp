/// \file
/// `Timer`: something that is to be woken at a moment. `TimerHeap`: many of them, the earliest on top.
///
/// A Timer lies inside the future that waits (its poll has pinned it), so the heap owns no timer: it is one array of
/// moments with pointers. Each timer knows its place in the array, so one that is given up is taken out without a
/// search.
///
/// Four children to a node: half as many levels as with two, and the children of a node lie side by side, in one cache
/// line. Insert, remove and pop cost O(log n); an insert behind all others, the usual one, costs O(1).
///
/// Neither locks: whoever shares a heap between threads brings a lock (timers.hpp).
///
/// Source of the idea: D. B. Johnson's d-ary heaps; the place kept in the node, Asio's `timer_queue`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rt {

class TimerHeap;
class Timers;

/// One wait for one moment. All fields but `state_` belong to the lock of the Timers that the timer is set in.
class Timer {
  public:
    Timer() noexcept = default;
    /// A timer that is set must not move: only fresh and finished ones are moved, and carry nothing.
    Timer(Timer&&) noexcept {}
    Timer& operator=(Timer&&) = delete;
    ~Timer() = default;

    /// True while it is not set. These three are asked by its owner; only a fired timer stays as it is by itself, a
    /// waiting one may fire at any time.
    bool is_idle() const noexcept { return state_.load(acquire) == State::idle; }
    /// True while it is set and has not fired.
    bool is_waiting() const noexcept { return state_.load(acquire) == State::waiting; }
    /// True if its moment has come; what the firing thread did before is then visible.
    bool has_fired() const noexcept { return state_.load(acquire) == State::fired; }

    /// Where it was set last. Called by its owner, while it is waiting.
    Timers& timers() const noexcept { return *timers_; }
    /// A fired timer may be set again. Called by its owner, when it has seen that it fired.
    void clear() noexcept { state_.store(State::idle, relaxed); }

  private:
    friend TimerHeap;
    friend Timers;
    enum class State : std::uint8_t { idle, waiting, fired };

    bool is_before(const Timer& other) const noexcept { return order_ < other.order_; }

    std::uint64_t order_ = 0;   // counted up as timers are set: equal deadlines fire in this order
    Timers* timers_ = nullptr;  // where it is set; valid while it is waiting
    Waker waker_;
    std::uint32_t place_ = 0;  // in the heap's array
    Atomic<State> state_{State::idle};
};

/// See the top of the file.
class TimerHeap {
  public:
    bool is_empty() const noexcept { return entries_.empty(); }
    std::size_t size() const noexcept { return entries_.size(); }

    /// The earliest deadline; Instant::max() if there is none.
    Instant next_deadline() const noexcept { return is_empty() ? Instant::max() : entries_.front().deadline; }

    /// Puts `timer`, which must stay where it is, in.
    void push(Timer& timer, Instant deadline) {
        timer.order_ = ++pushed_;
        entries_.push_back(Entry{deadline, &timer});
        move_up(entries_.size() - 1, Entry{deadline, &timer});
    }

    /// Takes `timer`, which must be in, out.
    void remove(Timer& timer) noexcept {
        const std::size_t hole = timer.place_;
        const Entry last = entries_.back();
        entries_.pop_back();
        if (hole == entries_.size()) {
            return;
        }
        if (hole != 0 && is_before(last, entries_[parent_of(hole)])) {
            move_up(hole, last);
        } else {
            move_down(hole, last);
        }
    }

    /// Takes the earliest out. Called when not empty.
    Timer& pop() noexcept {
        Timer& first = *entries_.front().timer;
        remove(first);
        return first;
    }

  private:
    static constexpr std::size_t children = 4;

    struct Entry {
        Instant deadline;
        Timer* timer;
    };

    static std::size_t parent_of(std::size_t place) noexcept { return (place - 1) / children; }
    static std::size_t first_child_of(std::size_t place) noexcept { return place * children + 1; }

    static bool is_before(const Entry& a, const Entry& b) noexcept {
        return a.deadline < b.deadline || (a.deadline == b.deadline && a.timer->is_before(*b.timer));
    }

    void put(std::size_t place, Entry entry) noexcept {
        entries_[place] = entry;
        entry.timer->place_ = static_cast<std::uint32_t>(place);
    }

    /// Finds the place of `entry`, from `hole` up; those it passes move down by one.
    void move_up(std::size_t hole, Entry entry) noexcept {
        while (hole != 0 && is_before(entry, entries_[parent_of(hole)])) {
            put(hole, entries_[parent_of(hole)]);
            hole = parent_of(hole);
        }
        put(hole, entry);
    }

    /// Finds the place of `entry`, from `hole` down; those it passes move up by one.
    void move_down(std::size_t hole, Entry entry) noexcept {
        for (;;) {
            const std::size_t first = first_child_of(hole);
            if (first >= entries_.size()) {
                break;
            }
            const std::size_t end = std::min(first + children, entries_.size());
            std::size_t earliest = first;
            for (std::size_t child = first + 1; child < end; ++child) {
                if (is_before(entries_[child], entries_[earliest])) {
                    earliest = child;
                }
            }
            if (!is_before(entries_[earliest], entry)) {
                break;
            }
            put(hole, entries_[earliest]);
            hole = earliest;
        }
        put(hole, entry);
    }

    std::vector<Entry> entries_;
    std::uint64_t pushed_ = 0;
};

}  // namespace rt
