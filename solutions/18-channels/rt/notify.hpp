/// \file
/// `Notify`: one task tells others "look again", and nothing else. What there is to see lies elsewhere.
///
/// It is a semaphore of one permit. `notify_one` gives the permit to who has waited longest; if nobody waits it is kept,
/// once, for who comes next. So a notification that comes before the wait is not lost. `notify_waiters` wakes all who wait
/// now and keeps nothing.
///
/// Thread safety: any thread may call anything here. `mutex_` protects the members below it and the waiters, see
/// wait_list.hpp. A notifier no longer touches the Notify once it has released the lock, so a task whose `Notified` is Ready
/// may destroy the Notify. The exception is a `notify_waiters` that wakes more than 32: keep the Notify until it returns.
///
/// Source of the idea: `tokio::sync::Notify`.
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

    /// Gives the permit to the task that has waited longest, or keeps it for the next that comes. A second permit is not
    /// kept beside the first.
    void notify_one() noexcept {
        Waker waker;
        {
            Lock lock(mutex_);
            waker = give_permit();
        }
        if (waker) {
            std::move(waker).wake();
        }
    }

    /// Wakes everyone whose `notified()` was called before, polled or not, and keeps no permit.
    void notify_waiters() noexcept {
        Lock lock(mutex_);
        calls_to_all_.fetch_add(1, release);
        waiters_.call_all(std::move(lock));
    }

    /// A future of the next notification. It hears a `notify_waiters` from this call on, and takes or waits for the permit
    /// when it is polled. So: make it, look at what you wait for, and only then await it.
    Notified notified() noexcept;

  private:
    friend Notified;

    /// Under the lock; the waker is to be woken after it.
    Waker give_permit() noexcept {
        if (waiters_.is_empty()) {
            has_permit_ = true;
            return Waker();
        }
        return waiters_.call_one();
    }

    Atomic<unsigned> calls_to_all_{0};  // written under mutex_, read anywhere
    Mutex mutex_;
    bool has_permit_ = false;  // then nobody waits
    WaitList waiters_;
};

/// See `Notify::notified`. Dropping it is giving up one's place; a permit that was given meanwhile goes to the next.
class [[nodiscard]] Notified {
  public:
    using Output = void;

    explicit Notified(Notify& notify) noexcept : notify_(notify), calls_heard_(notify.calls_to_all_.load(acquire)) {}
    Notified(Notified&&) noexcept = default;
    ~Notified() {
        if (!is_registered_) {
            return;
        }
        Waker next;
        {
            Lock lock(notify_.mutex_);
            WaitList::leave(waiter_);
            if (waiter_.called() == Waiter::Called::alone) {
                next = notify_.give_permit();
            }
        }
        if (next) {
            std::move(next).wake();
        }
    }

    Poll<void> poll(Context& cx) {
        contract_.begin("notified");
        if (!budget::has_some(cx)) {
            return contract_.pending();
        }
        Waker replaced;  // destroyed when the lock is given back
        Lock lock(notify_.mutex_);
        if (!is_called()) {
            replaced = notify_.waiters_.wait(waiter_, cx.waker());
            is_registered_ = true;
            return contract_.pending();
        }
        WaitList::leave(waiter_);
        is_registered_ = false;
        budget::spend();
        return Ready();
    }

  private:
    /// True if this is the end of the wait; takes the permit, if there is one to take.
    bool is_called() noexcept {
        return waiter_.called() != Waiter::Called::not_yet || calls_heard_ != notify_.calls_to_all_.load(relaxed) ||
               std::exchange(notify_.has_permit_, false);
    }

    [[no_unique_address]] Contract contract_;
    Notify& notify_;
    unsigned calls_heard_;
    bool is_registered_ = false;  // was in the list, and has not taken what it was called for
    Waiter waiter_;
};

inline Notified Notify::notified() noexcept { return Notified(*this); }

}  // namespace rt
