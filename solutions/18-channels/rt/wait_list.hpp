/// \file
/// Given: a queue of futures that wait for the same thing, and the future itself. `Notify` and the channels use the
/// `WaitList` and say what a `WaitFuture` waits for.
///
/// Each of these futures has a `Waiter` as a member, so waiting allocates nothing.
///
/// Invariants: a future checks its condition and calls `add` under one hold of the lock, so it misses no news. Wakers
/// are woken and destroyed after the lock is released, because both run code that may take the same lock. A waiter that
/// `was_woken_alone()` was given something. If its future is destroyed before it has used that, it passes it on, or a
/// wakeup is lost.
///
/// Thread safety: the owner's lock protects the list and each Waiter in it.
///
/// Source: the wait queues of Linux, and the waiters of Tokio's `Notify`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <utility>
#include <vector>

namespace rt {

/// One future's place in a `WaitList`.
class Waiter {
  public:
    Waiter() noexcept = default;
    /// Moves nothing, because a future moves only before its first poll, when its waiter is in no list.
    Waiter(Waiter&&) noexcept {}
    ~Waiter() {
        if (checks_enabled && is_waiting()) {
            violation(
                "a future was destroyed while it was in a list of waiters. Its `give_up` must take it out, and a call "
                "that doesn't wait, such as try_send, must not put one in.");
        }
    }

    bool is_waiting() const noexcept { return next_ != nullptr; }
    /// True if `wake_one` took it out of the list, and not `wake_all`.
    bool was_woken_alone() const noexcept { return woken_alone_; }

  private:
    friend class WaitList;

    Waiter* previous_ = nullptr;
    Waiter* next_ = nullptr;
    bool woken_alone_ = false;
    Waker waker_;
};

/// The waiters, in the order in which they came.
class WaitList {
  public:
    WaitList() noexcept { end_.previous_ = end_.next_ = &end_; }
    WaitList(const WaitList&) = delete;
    ~WaitList() {
        if (checks_enabled && !is_empty()) {
            violation(
                "a Notify or a channel was destroyed while a future waits for it. Keep it alive until the future is gone.");
        }
        end_.next_ = nullptr;
    }

    bool is_empty() const noexcept { return end_.next_ == &end_; }

    /// Appends `waiter`, unless it is in the list already, keeps a copy of `waker` for it, and releases `lock`.
    void add(Waiter& waiter, const Waker& waker, Lock lock) noexcept {
        if (!waiter.is_waiting()) {
            waiter.woken_alone_ = false;
            waiter.next_ = &end_;
            waiter.previous_ = std::exchange(end_.previous_, &waiter);
            waiter.previous_->next_ = &waiter;
        }
        if (!waiter.waker_.will_wake(waker)) {
            Waker replaced = std::exchange(waiter.waker_, waker);
            lock.unlock();
        }
    }

    /// Takes `waiter` out if it is in the list. Called when its future is destroyed.
    void remove(Waiter& waiter) noexcept {
        if (waiter.is_waiting()) {
            waiter.previous_->next_ = waiter.next_;
            waiter.next_->previous_ = waiter.previous_;
            waiter.next_ = nullptr;
        }
    }

    /// Takes the first waiter out, if there is one, releases `lock`, and wakes it. Called when there is something for
    /// one waiter. The waiter may destroy the list as soon as it is woken.
    void wake_one(Lock lock) noexcept {
        if (!is_empty()) {
            end_.next_->woken_alone_ = true;
            Waker waker = take_first();
            lock.unlock();
            std::move(waker).wake();
        }
    }

    /// Takes all waiters out, releases `lock`, and wakes them. Called when there is news for all. A waiter may
    /// destroy the list as soon as it is woken. Allocates memory for the wakers.
    void wake_all(Lock lock) noexcept {
        std::vector<Waker> wakers;
        while (!is_empty()) {
            wakers.push_back(take_first());
        }
        lock.unlock();
        for (Waker& waker : wakers) {
            std::move(waker).wake();
        }
    }

  private:
    Waker take_first() noexcept {
        Waiter& waiter = *end_.next_;
        remove(waiter);
        return std::move(waiter.waker_);
    }

    Waiter end_;  // behind the last and before the first
};

namespace detail {

/// A future that waits in a `WaitList`. The class `Wait` says what it waits for. `Wait::poll(Waiter&, const Waker&)` returns the
/// result, or adds the waiter to the list and returns Pending. `Wait::give_up(Waiter&)` is called if the future is destroyed
/// after a Pending and before the result.
template <class Wait>
class [[nodiscard]] WaitFuture {
  public:
    using Output = typename Wait::Output;

    explicit WaitFuture(Wait wait) noexcept : wait_(std::move(wait)) {}
    WaitFuture(WaitFuture&&) noexcept = default;
    ~WaitFuture() {
        if (is_registered_) {
            wait_.give_up(waiter_);
        }
    }

    Poll<Output> poll(Context& cx) {
        contract_.begin(Wait::name);
        if (!share_.poll_proceed(cx)) {
            return contract_.pending();
        }
        Poll<Output> result = wait_.poll(waiter_, cx.waker());
        is_registered_ = result.is_pending();
        if (is_registered_) {
            return contract_.pending();
        }
        budget::spend();
        return result;
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool is_registered_ = false;  // it waits, or was woken and has not looked since
    budget::Share share_;
    Wait wait_;
    Waiter waiter_;
};

}  // namespace detail
}  // namespace rt
