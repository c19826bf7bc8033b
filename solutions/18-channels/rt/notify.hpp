/// \file
/// `Notify`: one task tells others to look again. It carries no value.
///
/// It is a semaphore with at most one permit. `notify_one` gives the permit to the task that has waited longest. If
/// no task waits, the Notify keeps the permit, so a notification that comes before the wait is not lost.
///
/// Invariants: while a permit is kept, nobody waits. A waiter that was given the permit uses it or passes it on.
///
/// Thread safety: any thread may call any member. `mutex_` protects everything else, including the waiters. A woken
/// task may destroy the Notify at once, because waking is the last thing that `notify_one` and `notify_waiters` do.
///
/// Source: `tokio::sync::Notify`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace rt {

class Notified;

class Notify {
  public:
    Notify() = default;
    Notify(const Notify&) = delete;
    Notify& operator=(const Notify&) = delete;

    /// Wakes the task that has waited longest, or keeps the permit for the next one. At most one permit is kept.
    void notify_one() noexcept { give_permit(Lock(mutex_)); }

    /// Wakes every task whose `notified()` was called before, polled or not. Keeps no permit.
    void notify_waiters() noexcept {
        Lock lock(mutex_);
        calls_to_all_.fetch_add(1, release);
        waiters_.wake_all(std::move(lock));
    }

    /// A future of the next notification. From this call on it notices `notify_waiters`. It takes a permit only when
    /// it is polled. So call this first, then check the condition that you wait for, and only then await the future.
    Notified notified() noexcept;

  private:
    friend Notified;

    void give_permit(Lock lock) noexcept {
        if (waiters_.is_empty()) {
            has_permit_ = true;
        } else {
            waiters_.wake_one(std::move(lock));
        }
    }

    Mutex mutex_;
    bool has_permit_ = false;
    Atomic<unsigned> calls_to_all_{0};  // how often notify_waiters was called; written under the lock, read without it
    WaitList waiters_;
};

/// See `Notify::notified`. The Notify must outlive it, until it is Ready or destroyed.
class [[nodiscard]] Notified {
  public:
    using Output = void;

    explicit Notified(Notify& notify) noexcept : notify_(notify), calls_to_all_(notify.calls_to_all_.load(acquire)) {}
    Notified(Notified&&) noexcept = default;

    /// Stops waiting. If it was given a permit and has not used it, the next waiter gets it.
    ~Notified() {
        if (!is_registered_) {
            return;
        }
        Lock lock(notify_.mutex_);
        notify_.waiters_.remove(waiter_);
        if (waiter_.notified() == Waiter::Notified::one) {
            notify_.give_permit(std::move(lock));
        }
    }

    Poll<void> poll(Context& cx) {
        contract_.begin("notified");
        if (!budget::poll_proceed(cx) || !take_notification(cx.waker())) {
            return contract_.pending();
        }
        budget::spend();
        return Ready();
    }

  private:
    /// Returns true if the wait is over. Otherwise it waits, and `waker` is the one to wake.
    bool take_notification(const Waker& waker) noexcept {
        Waker replaced;  // destroyed after the lock is released
        Lock lock(notify_.mutex_);
        bool is_over = waiter_.notified() != Waiter::Notified::no ||
                       calls_to_all_ != notify_.calls_to_all_.load(relaxed) ||
                       std::exchange(notify_.has_permit_, false);
        if (!is_over) {
            replaced = notify_.waiters_.add(waiter_, waker);
        }
        is_registered_ = !is_over;
        return is_over;
    }

    [[no_unique_address]] Contract contract_;
    Notify& notify_;
    unsigned calls_to_all_;       // how many there were when this was made
    bool is_registered_ = false;  // it waits, or was given something that it has not used
    Waiter waiter_;
};

inline Notified Notify::notified() noexcept { return Notified(*this); }

}  // namespace rt
