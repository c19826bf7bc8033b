/// \file
/// `WaitList`: those who wait for the same thing, in the order in which they came. `Waiter`: one of them.
///
/// A waiter lies inside of its future, so waiting takes no memory, and a future that is destroyed takes itself out.
///
/// Everything here, the waiters included, belongs to one lock, that of the thing waited for. The lock's owner keeps three
/// rules:
///  - look, and wait if there is nothing: both under one hold of the lock, so that no news comes in between;
///  - wake, and destroy wakers, after the lock was given back: what they set going is other people's code, and may come
///    back for the same lock;
///  - a waiter that was called out of the list alone was given something. If its future is dropped before it has taken
///    that, it passes it on to the next: else a wake is lost, and somebody waits for ever.
///
/// Source of the idea: the intrusive lists of Linux's wait queues, and of Tokio's `Notify` and `Semaphore`.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <array>
#include <cstddef>
#include <utility>

namespace rt {

namespace detail {

/// A place in a ring of waiters. The list itself has one too: so a waiter can leave without knowing which list it is in.
struct WaitLinks {
    WaitLinks* next = nullptr;
    WaitLinks* previous = nullptr;
};

}  // namespace detail

/// One who waits: a member of a future.
class Waiter : private detail::WaitLinks {
  public:
    /// Whether it was called out of its list, and how.
    enum class Called : unsigned char { not_yet, alone, with_all };

    Waiter() noexcept = default;
    /// A future may move before its first poll; its waiter is in no list then, so there is nothing to take along.
    Waiter(Waiter&&) noexcept {}
    Waiter& operator=(Waiter&&) = delete;

    bool is_waiting() const noexcept { return next != nullptr; }
    /// Called by its future. A waiter that was called is out of the list.
    Called called() const noexcept { return called_; }

  private:
    friend class WaitList;

    Called called_ = Called::not_yet;
    Waker waker_;
};

/// All who wait.
class WaitList {
  public:
    WaitList() noexcept { ring_.next = ring_.previous = &ring_; }
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool is_empty() const noexcept { return ring_.next == &ring_; }

    /// Puts `waiter` at the end, unless it is in the list already, and keeps `waker` for it. Returns the waker that was
    /// kept before, to be destroyed when the lock is given back. Called by a poll that found nothing.
    [[nodiscard]] Waker wait(Waiter& waiter, const Waker& waker) noexcept {
        if (!waiter.is_waiting()) {
            detail::WaitLinks& links = waiter;
            links.next = &ring_;
            links.previous = ring_.previous;
            ring_.previous->next = &links;
            ring_.previous = &links;
        }
        return waiter.waker_.will_wake(waker) ? Waker() : std::exchange(waiter.waker_, waker);
    }

    /// Takes the first out and returns its waker, to be woken when the lock is given back; empty if nobody waits. Called
    /// when there is something for one.
    [[nodiscard]] Waker call_one() noexcept { return is_empty() ? Waker() : call_first(Waiter::Called::alone); }

    /// Takes out all who wait now, gives the lock back, and wakes them. Called when there is news for all. The mutex is
    /// touched again only if there are more than 32.
    void call_all(Lock lock) noexcept {
        constexpr std::size_t at_once = 32;  // so that no memory is needed
        // Whoever comes while we wake goes into the list, and not into this one.
        WaitList called;
        called.take_all_of(*this);
        for (bool more = !called.is_empty(); more;) {
            std::array<Waker, at_once> wakers;
            std::size_t count = 0;
            while (count != at_once && !called.is_empty()) {
                wakers[count++] = called.call_first(Waiter::Called::with_all);
            }
            more = !called.is_empty();
            lock.unlock();
            for (std::size_t i = 0; i != count; ++i) {
                std::move(wakers[i]).wake();
            }
            if (more) {
                lock.lock();
                more = !called.is_empty();  // they may have left meanwhile
            }
        }
    }

    /// Takes `waiter` out of whatever list it is in, if any. Called when its future is dropped, or has what it wants.
    static void leave(Waiter& waiter) noexcept {
        detail::WaitLinks& links = waiter;
        if (links.next != nullptr) {
            links.previous->next = links.next;
            links.next->previous = links.previous;
            links.next = links.previous = nullptr;
        }
    }

  private:
    Waker call_first(Waiter::Called how) noexcept {
        auto& waiter = static_cast<Waiter&>(*ring_.next);
        leave(waiter);
        waiter.called_ = how;
        return std::move(waiter.waker_);
    }

    void take_all_of(WaitList& other) noexcept {
        if (other.is_empty()) {
            return;
        }
        ring_ = other.ring_;
        ring_.next->previous = ring_.previous->next = &ring_;
        other.ring_.next = other.ring_.previous = &other.ring_;
    }

    detail::WaitLinks ring_;  // next: the first, previous: the last; both are ring_ itself when nobody waits
};

}  // namespace rt
