/// \file
/// `Timers`: all that wait for a moment, and the Park that a runtime sleeps in because of them.
///
/// A runtime's Park knows how to sleep until an unpark. Timers is a Park around it that adds: not beyond the next
/// deadline. So nobody runs a thread for the time: the thread that has nothing to do looks at the clock when it wakes.
///
///   park(deadline) ──► 1 under the lock: the earlier of the deadline and the first timer's; wakes_at_ says so
///                      2 the Park below sleeps until then, or until an unpark
///                      3 under the lock: timers whose moment has come are taken out; outside of it they are woken
///
/// Who may touch what: a Timer, while it is in a heap, belongs to `mutex_`. Step 3 takes the waker out of it and marks
/// it as fired before it lets go of the lock, and does not touch it afterwards: its owner may then destroy it, on any
/// thread. No waker is woken, dropped or replaced under the lock: each of these can end a task whose futures come back
/// for the lock.
///
/// An earlier deadline, set from another thread while the runtime sleeps: `wakes_at_` was written under the lock before
/// the sleep, so whoever sets the timer sees that it is earlier, and unparks. It is Instant::min() while nobody sleeps,
/// and nothing is earlier than that; so the runtime's own thread never unparks itself.
///
/// A timer is never early: step 3 compares with the clock to the nanosecond, however the Park below rounded. It may be late
/// by up to a millisecond: a sleep ends at a full one, so that timers close to each other share it. To be exact to the
/// nanosecond for each of a hundred thousand timers would be a hundred thousand sleeps.
///
/// A paused clock moves in two cases only, and only when the runtime wants to sleep and is found idle after a look at
/// the Park below: to the next timer if no work is under way outside (a blocking job, lesson 11), or on behalf of
/// `advance`.
///
/// Source of the idea: Tokio's time driver.
#pragma once

#include <rt/clock.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/timer_heap.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace rt {

/// The service; made when the first timer is set.
class Timers final : public Park {
  public:
    /// Called by `Scheduler::service`.
    explicit Timers(Scheduler& scheduler) : scheduler_(scheduler), below_(scheduler.base_park()) {
        scheduler.wrap_park(*this);
    }
    /// Timers that are still set (their futures lie outside of the tasks, which have gone) forget where they were set.
    ~Timers() override {
        forget(sleeping_);
        forget(advancing_);
    }

    void park(std::optional<Instant> deadline) override {
        if (deadline == no_wait) {
            below_.park(no_wait);
        } else if (clock_.is_paused()) {
            park_paused();
        } else {
            below_.park(begin_sleep(deadline));
        }
        fire(sleeping_);
    }

    void unpark() noexcept override { below_.unpark(); }

    /// The runtime's clock.
    Instant now() const noexcept { return clock_.now(); }

    /// The earliest deadline, in real time; nothing if no timer is set. Called by a foreign event loop that drives the
    /// runtime by `turn`, and must itself wake up for the timers.
    std::optional<Instant> next_deadline() const noexcept {
        Lock lock(mutex_);
        return sleeping_.is_empty() ? std::nullopt : std::optional(clock_.to_real(sleeping_.next_deadline()));
    }

    /// Sees to it that `waker` is woken once `deadline` has come. Called by futures, from any thread; `timer` must not
    /// be waiting already, and must stay where it is until it has fired or is cancelled. Instant::max() never comes.
    void set(Timer& timer, Instant deadline, const Waker& waker) { insert(sleeping_, timer, deadline, waker); }

    /// Wakes `waker` instead of the one before; false if the timer has fired. Called when a waiting future is polled
    /// again.
    bool update(Timer& timer, const Waker& waker) noexcept {
        Waker old;  // dropped outside of the lock
        Lock lock(mutex_);
        if (!timer.is_waiting()) {
            return false;
        }
        if (!timer.waker_.will_wake(waker)) {
            old = std::exchange(timer.waker_, waker);
        }
        return true;
    }

    /// Moves a waiting timer to `deadline`; false if it has fired. Called by its future, from any thread.
    bool move(Timer& timer, Instant deadline) {
        trace::emit(trace::Kind::timer_set, &timer);
        Lock lock(mutex_);
        if (!timer.is_waiting()) {
            return false;
        }
        sleeping_.remove(timer);
        sleeping_.push(timer, deadline);
        end_sleep_if_later(lock, deadline);
        return true;
    }

    /// Takes the timer out, unless it has fired. Called by its future's destructor, on any thread.
    void cancel(Timer& timer) noexcept { take_out(sleeping_, timer); }

    /// How many timers are set. Called by tests and by whoever shows statistics.
    std::size_t size() const noexcept {
        Lock lock(mutex_);
        return sleeping_.size();
    }

    /// Stops the clock; see rt::time::pause.
    void pause() noexcept { clock_.pause(); }
    /// Lets the clock go on; whoever waits for an `advance` is woken.
    void resume() noexcept {
        clock_.resume();
        fire(advancing_, Instant::max());
    }
    bool is_paused() const noexcept { return clock_.is_paused(); }

    /// As `set` and `cancel`, for a wait that itself moves a paused clock, timer by timer, to `deadline`. Called by
    /// rt::time::advance.
    void set_advance(Timer& timer, Instant deadline, const Waker& waker) { insert(advancing_, timer, deadline, waker); }
    void cancel_advance(Timer& timer) noexcept { take_out(advancing_, timer); }

  private:
    using State = Timer::State;

    void insert(TimerHeap& heap, Timer& timer, Instant deadline, const Waker& waker) {
        trace::emit(trace::Kind::timer_set, &timer);
        Waker copy = waker;
        Lock lock(mutex_);
        heap.push(timer, deadline);
        timer.waker_ = std::move(copy);
        timer.timers_ = this;
        timer.state_.store(State::waiting, relaxed);
        end_sleep_if_later(lock, deadline);
    }

    void take_out(TimerHeap& heap, Timer& timer) noexcept {
        Waker old;  // dropped outside of the lock
        Lock lock(mutex_);
        if (timer.is_waiting()) {
            heap.remove(timer);
            old = std::move(timer.waker_);
            timer.state_.store(State::idle, relaxed);
        }
    }

    /// If a thread sleeps beyond `deadline`, ends its sleep; it will look at the timers anew.
    void end_sleep_if_later(Lock& lock, Instant deadline) noexcept {
        if (deadline < wakes_at_) {
            wakes_at_ = deadline;
            lock.unlock();
            unpark();
        }
    }

    static Instant full_millisecond(Instant moment) noexcept {
        using Millisecond = std::chrono::milliseconds;
        return moment > Instant::max() - Millisecond(1) ? moment : std::chrono::ceil<Millisecond>(moment);
    }

    /// Step 1. Returns until when to sleep, in real time.
    std::optional<Instant> begin_sleep(std::optional<Instant> deadline) noexcept {
        Lock lock(mutex_);
        const Instant next = sleeping_.next_deadline();
        wakes_at_ = next;
        if (next != Instant::max()) {
            const Instant real = full_millisecond(clock_.to_real(next));
            deadline = deadline ? std::min(*deadline, real) : real;
        }
        return deadline;
    }

    /// Step 3: wakes all whose moment has come, in order.
    void fire(TimerHeap& heap) noexcept {
        Lock lock(mutex_);
        wakes_at_ = Instant::min();
        if (heap.next_deadline() != Instant::max()) {
            fire(heap, clock_.now(), lock);
        }
    }
    void fire(TimerHeap& heap, Instant moment) noexcept {
        Lock lock(mutex_);
        fire(heap, moment, lock);
    }
    void fire(TimerHeap& heap, Instant moment, Lock& lock) noexcept {
        while (!heap.is_empty() && heap.next_deadline() <= moment) {
            // In batches, so that the lock is neither kept for long nor taken for each.
            std::array<Fired, 32> batch;
            std::size_t count = 0;
            while (count < batch.size() && !heap.is_empty() && heap.next_deadline() <= moment) {
                Timer& timer = heap.pop();
                batch[count++] = Fired{&timer, std::move(timer.waker_)};
                timer.state_.store(State::fired, release);  // from here on its owner may destroy it
            }
            lock.unlock();
            for (std::size_t i = 0; i < count; ++i) {
                trace::emit(trace::Kind::timer_fire, batch[i].timer);
                std::move(batch[i].waker).wake();
            }
            lock.lock();
        }
    }

    /// A sleep while the clock stands still.
    void park_paused() {
        below_.park(no_wait);
        // In this order: a job that ends first queues the task it wakes, and then is work no longer.
        const bool outside_work = scheduler_.has_outside_work();
        if (!scheduler_.is_idle()) {
            return;
        }
        Lock lock(mutex_);
        const Instant timer = sleeping_.next_deadline();
        const Instant advance = advancing_.next_deadline();
        if (advance < timer) {
            // Everything before has fired, and what that woke has come to rest.
            clock_.jump_to(advance);
            fire(advancing_, advance, lock);
        } else if (timer != Instant::max() && (!outside_work || !advancing_.is_empty())) {
            clock_.jump_to(timer);  // park goes on with firing
        } else {
            wakes_at_ = Instant::max();
            lock.unlock();
            below_.park(std::nullopt);
        }
    }

    void forget(TimerHeap& heap) noexcept {
        while (!heap.is_empty()) {
            Timer& timer = heap.pop();
            Waker old = std::move(timer.waker_);
            timer.state_.store(State::idle, release);
        }
    }

    struct Fired {
        const void* timer;  // to be named in the trace, not to be touched
        Waker waker;
    };

    Scheduler& scheduler_;
    Park& below_;
    Clock clock_;
    mutable Mutex mutex_;
    TimerHeap sleeping_;
    TimerHeap advancing_;
    Instant wakes_at_ = Instant::min();  // when the sleeping thread will wake by itself; nobody sleeps: min
};

}  // namespace rt
