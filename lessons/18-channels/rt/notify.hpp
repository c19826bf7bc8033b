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

#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/todo.hpp>
#include <rt/wait_list.hpp>
#include <rt/waker.hpp>

#include <utility>

namespace rt {

class Notify {
    class Wait;

  public:
    using Notified = detail::WaitFuture<Wait>;

    /// Wakes the task that has waited longest, or keeps the permit for the next one. At most one permit is kept.
    void notify_one() noexcept { give_permit(Lock(mutex_)); }

    /// Makes each future ready that `notified()` has returned so far, polled or not. Wakes the tasks that wait for such a
    /// future. Keeps no permit for later ones.
    void notify_waiters() noexcept {
        // TODO(18.1) Make each future ready that `notified()` has returned so far, polled or not, and wake the tasks that
        // wait. Later futures are not affected.
        todo("18.1 notify all");
    }

    /// A future of the next notification. From this call on it notices `notify_waiters`. It takes a permit only when
    /// it is polled. So call this first, then check the condition that you wait for, and only then await the future.
    /// The Notify must outlive the future, until that is Ready or destroyed.
    Notified notified() noexcept { return Notified(*this); }

  private:
    /// What a `Notified` waits for.
    class Wait {
      public:
        using Output = void;
        static constexpr const char* name = "notified";

        Wait(Notify& notify) noexcept : notify_(notify), calls_to_all_(notify.calls_to_all_.load(acquire)) {}

        /// Ready if there was a permit or a call to all. Otherwise `waiter` waits.
        Poll<void> poll(Waiter& waiter, const Waker& waker) noexcept {
            // TODO(18.1) Ready if this waiter was woken alone, if there was a call to all since the future was made, or if
            // there is a permit. Otherwise wait, with this waker.
            todo("18.1 take a permit or wait", waiter, waker, notify_, calls_to_all_);
        }

        /// Called when the future is destroyed after it was Pending. If it was given a permit, the next waiter gets it.
        void give_up(Waiter& waiter) noexcept {
            // TODO(18.1) Its future is being destroyed, so it waits no longer. If it holds a permit that it has not used,
            // the next waiter gets that permit.
            todo("18.1 give up waiting", waiter, notify_);
        }

      private:
        Notify& notify_;
        unsigned calls_to_all_;  // how many there were when this was made
    };

    /// Gives the permit to the waiter that has waited longest, or keeps it if none waits. Releases the lock.
    void give_permit(Lock lock) noexcept {
        // TODO(18.1) Give one permit to the task that has waited longest. If no task waits, keep it for the next one.
        todo("18.1 give a permit", lock, has_permit_);
    }

    Mutex mutex_;
    bool has_permit_ = false;
    Atomic<unsigned> calls_to_all_{0};  // how often notify_waiters was called; written under the lock, read without it
    WaitList waiters_;
};

using Notified = Notify::Notified;

}  // namespace rt
