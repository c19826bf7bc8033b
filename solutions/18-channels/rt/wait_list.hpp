/// \file
/// Given: a queue of futures that wait for the same thing. `Notify` and the channels use `add`, `remove`, `wake_one`,
/// and `wake_all`. Each of these futures has a `Waiter` as a member, so waiting allocates nothing.
///
/// Invariants: a future checks its condition and calls `add` under one hold of the lock, so it misses no news. Wakers
/// are woken and destroyed after the lock is released, because both run code that may take the same lock. A waiter
/// whose `notified()` is `one` was given something. If its future is destroyed before it has used that, it passes it
/// on, or a wakeup is lost.
///
/// Thread safety: the owner's lock protects the list and each Waiter in it.
///
/// Source: the wait queues of Linux, and the waiters of Tokio's `Notify`.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>
#include <vector>

namespace rt {

/// One future's place in a `WaitList`.
class Waiter {
  public:
    /// How the waiter left its list: not yet, alone, or together with all others.
    enum class Notified : unsigned char { no, one, all };

    Waiter() noexcept = default;
    /// Moves nothing, because a future moves only before its first poll, when its waiter is in no list.
    Waiter(Waiter&&) noexcept {}
    Waiter& operator=(Waiter&&) = delete;
    ~Waiter() = default;

    bool is_waiting() const noexcept { return is_waiting_; }
    Notified notified() const noexcept { return notified_; }

  private:
    friend class WaitList;

    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
    bool is_waiting_ = false;
    Notified notified_ = Notified::no;
    Waker waker_;
};

/// The waiters, in the order in which they came.
class WaitList {
  public:
    WaitList() noexcept = default;
    WaitList(const WaitList&) = delete;
    WaitList& operator=(const WaitList&) = delete;

    bool is_empty() const noexcept { return first_ == nullptr; }

    /// Appends `waiter`, unless it is in the list already, and keeps a copy of `waker` for it. Returns the waker that
    /// this replaces. The caller destroys that after it has released the lock.
    [[nodiscard]] Waker add(Waiter& waiter, const Waker& waker) noexcept {
        if (!waiter.is_waiting_) {
            waiter.is_waiting_ = true;
            waiter.notified_ = Waiter::Notified::no;
            waiter.previous_ = last_;
            waiter.next_ = nullptr;
            (last_ != nullptr ? last_->next_ : first_) = &waiter;
            last_ = &waiter;
        }
        return waiter.waker_.will_wake(waker) ? Waker() : std::exchange(waiter.waker_, waker);
    }

    /// Takes `waiter` out if it is in the list. Called when its future is destroyed.
    void remove(Waiter& waiter) noexcept {
        if (waiter.is_waiting_) {
            (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
            (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
            waiter.is_waiting_ = false;
        }
    }

    /// Takes the first waiter out, if there is one, releases `lock`, and wakes it. Called when there is something for
    /// one waiter. The waiter may destroy the list as soon as it is woken.
    void wake_one(Lock lock) noexcept {
        if (!is_empty()) {
            Waker waker = take_first(Waiter::Notified::one);
            lock.unlock();
            std::move(waker).wake();
        }
    }

    /// Takes all waiters out, releases `lock`, and wakes them. Called when there is news for all. A waiter may
    /// destroy the list as soon as it is woken. Allocates memory for the wakers.
    void wake_all(Lock lock) noexcept {
        std::vector<Waker> wakers;
        while (!is_empty()) {
            wakers.push_back(take_first(Waiter::Notified::all));
        }
        lock.unlock();
        for (Waker& waker : wakers) {
            std::move(waker).wake();
        }
    }

  private:
    Waker take_first(Waiter::Notified how) noexcept {
        Waiter& waiter = *first_;
        remove(waiter);
        waiter.notified_ = how;
        return std::move(waiter.waker_);
    }

    Waiter* first_ = nullptr;
    Waiter* last_ = nullptr;
};

}  // namespace rt
