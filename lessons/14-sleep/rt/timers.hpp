/// \file
/// `Timers`: wakes tasks at the moments for which they wait. It is also the Park in which the runtime sleeps meanwhile.
///
/// A runtime's Park sleeps until an unpark. Timers is a Park around that one, and it also wakes up for the first timer.
/// So time needs no thread of its own.
///
///   park(deadline) ──► 1 read the clock. Under the lock, find the first timer, and write its deadline to wakes_at_
///                      2 sleep in the Park below until `deadline`, until that timer is due, or until an unpark. The
///                        Park below reports the events that are ready
///                      3 under the lock, take out the timers that were due in step 1. After the unlock, wake their tasks
///
/// Invariants:
///
///   - No waker is woken or dropped under the lock, because either of the two may end a task, whose futures need the lock.
///   - What is ready is not late. The process may stand still at any step and for any time. Meanwhile bytes come and
///     deadlines pass. So a timer fires only after all events that were ready at its deadline have been reported. Step 3
///     does not read the clock again, and it waits while the Park below has more to report.
///   - A timer is never early, because step 3 compares to the nanosecond. It may be late by up to a millisecond, because
///     a sleep ends at a full millisecond. So timers that are close together share a sleep.
///   - A thread that sets a timer for a moment before `wakes_at_` ends the sleep. While no thread sleeps, `wakes_at_` is
///     Instant::min(), and no moment is before that. So the runtime's own thread never unparks itself.
///
/// Thread safety: while a Timer is in a heap, `mutex_` protects it. Step 3 does not touch a timer after it has marked it as
/// fired, because its owner may then destroy it, on any thread.
///
/// Source: Tokio's time driver.
#pragma once

#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/timer_heap.hpp>
#include <rt/todo.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

namespace rt {

/// The service, made when the first timer is set.
class Timers final : public Park {
  public:
    /// Called by `Scheduler::service`.
    explicit Timers(Scheduler& scheduler) : scheduler_(scheduler), below_(scheduler.base_park()) {
        scheduler.wrap_park(*this);
    }
    ~Timers() override {
        trace::emit(trace::Kind::clock, this, is_paused() ? -1 : 0);
        forget(sleeping_);
        forget(advancing_);
    }

    void park(std::optional<Instant> deadline) override {
        if (!below_.has_more()) {
            due_ = now();
        }
        if (is_paused()) {
            park_paused(deadline);
        } else {
            below_.park(deadline == no_wait ? deadline : begin_sleep(deadline));
        }
        if (!below_.has_more()) {
            reported_.store(due_, release);
        }
        fire(sleeping_, reported_.load(relaxed));
    }

    void unpark() noexcept override { below_.unpark(); }

    /// The real time, until a test pauses it.
    Instant now() const noexcept {
        Instant const stopped_at = stopped_at_.load(relaxed);
        return stopped_at == running ? sys::now() : stopped_at;
    }

    /// True if `deadline` has passed, and all events that were ready by then have been reported. Called from any thread.
    bool has_passed(Instant deadline) const noexcept { return deadline <= reported_.load(acquire); }

    /// Wakes `waker` at `deadline`. Instant::max() never comes. Called by futures, from any thread. `timer` must not be waiting
    /// already, and must stay where it is until it has fired or is cancelled.
    void set(Timer& timer, Instant deadline, Waker waker) {
        trace::emit(trace::Kind::timer_set, &timer);
        Lock lock(mutex_);
        heap_of(timer).push(timer, deadline);
        timer.waker_ = std::move(waker);
        timer.timers_ = this;
        timer.state_.store(State::waiting, relaxed);
        if (wakes_at_ != Instant::min()) {
            // TODO(14.2) A thread sleeps until `wakes_at_`. If this timer is earlier, end that sleep.
            todo("14.2 end a sleep that is too long", deadline, lock);
        }
    }

    /// Replaces the waker. Returns false if the timer has fired. Called when a waiting future is polled again.
    [[nodiscard]] bool update(Timer& timer, const Waker& waker) noexcept {
        // TODO(14.1) If the timer waits, let it keep `waker` instead of its old one. Drop no waker under the lock. Return
        // whether the timer waits.
        todo("14.1 replace the waker", timer, waker);
    }

    /// Removes the timer and returns its waker, or nothing if it has fired. Called by its future, on any thread.
    Waker cancel(Timer& timer) noexcept {
        // TODO(14.1) If the timer waits, make it idle, as it was before `set`, and return its waker.
        todo("14.1 remove the timer", timer);
    }

    // Given: the earliest deadline on a running clock. Called by a foreign event loop, which must itself wake up for it.
    std::optional<Instant> next_deadline() const noexcept {
        Lock lock(mutex_);
        return sleeping_.is_empty() || is_paused() ? std::nullopt : std::optional(sleeping_.next_deadline());
    }
    // Given: tests ask how many timers are set.
    std::size_t size() const noexcept {
        Lock lock(mutex_);
        return sleeping_.size();
    }

    // Given: a clock that tests can stop. Called by time.hpp, on the thread of the runtime, which has one.
    void pause() noexcept {
        trace::emit(trace::Kind::clock, this, is_paused() ? 0 : 1);
        jump_to(now());
    }
    bool is_paused() const noexcept { return stopped_at_.load(relaxed) != running; }

  private:
    using State = Timer::State;

    static constexpr Instant running = Instant::min();

    TimerHeap& heap_of(Timer& timer) noexcept { return timer.moves_clock() ? advancing_ : sleeping_; }

    /// Step 1. Returns until when to sleep.
    std::optional<Instant> begin_sleep(std::optional<Instant> deadline) noexcept {
        // TODO(14.2) Return the earlier of `deadline` and the first timer's deadline, rounded up. If that timer is due at `due_`,
        // return `no_wait`. Note its exact deadline in `wakes_at_`.
        todo("14.2 find out how long to sleep", deadline);
    }

    // Given: rounds up.
    static Instant full_millisecond(Instant moment) noexcept {
        using Millisecond = std::chrono::milliseconds;
        return moment > Instant::max() - Millisecond(1) ? moment : std::chrono::ceil<Millisecond>(moment);
    }

    /// Step 3. Wakes all timers up to `moment`, in order.
    void fire(TimerHeap& heap, Instant moment) noexcept {
        Lock lock(mutex_);
        wakes_at_ = Instant::min();  // this thread is awake
        // TODO(14.1) Mark each timer that is due as fired, and wake its task. A marked timer may be destroyed at once,
        // and a task that is woken may use these timers.
        todo("14.1 fire the timers that are due", heap, moment, lock);
    }

    // Given: removes the first timer if it is due at `moment`, and returns it. Otherwise returns null.
    static Timer* take_due(TimerHeap& heap, Instant moment) noexcept {
        if (heap.is_empty() || heap.next_deadline() > moment) {
            return nullptr;
        }
        Timer& timer = heap.pop();
        trace::emit(trace::Kind::timer_fire, &timer);
        return &timer;
    }

    // Given: a sleep while the clock stands still. The clock moves only if nothing is ready after a look at the Park below:
    // for `advance`, or to the next timer unless a blocking job (lesson 11) is under way.
    void park_paused(std::optional<Instant> deadline) {
        below_.park(no_wait);
        // In this order, because a job that ends first queues the task it wakes, and then does not count any more.
        bool const outside_work = scheduler_.has_outside_work();
        if (!scheduler_.is_idle() || below_.has_more()) {
            return;
        }
        Lock lock(mutex_);
        Instant const timer = sleeping_.next_deadline();
        Instant const advance = advancing_.next_deadline();
        if (advance < timer) {
            // All timers before it have fired, and the tasks they woke wait again.
            lock.unlock();
            jump_to(advance);
            fire(advancing_, advance);
        } else if (timer != Instant::max() && (!outside_work || !advancing_.is_empty())) {
            jump_to(timer);  // `park` then fires it
        } else {
            wakes_at_ = Instant::max();
            lock.unlock();
            below_.park(deadline);
        }
    }

    // Given: moves the paused clock, but never backwards.
    void jump_to(Instant moment) noexcept {
        due_ = std::max(now(), moment);
        stopped_at_.store(due_, relaxed);
        reported_.store(due_, relaxed);
    }

    // Given: called at the end of the runtime. Timers that are still set belong to futures outside of its tasks. They
    // become idle.
    void forget(TimerHeap& heap) noexcept {
        while (!heap.is_empty()) {
            Timer& timer = heap.pop();
            Waker old = std::move(timer.waker_);
            timer.state_.store(State::idle, release);
        }
    }

    Scheduler& scheduler_;
    Park& below_;
    Atomic<Instant> stopped_at_{running};       // what a paused clock shows
    Instant due_ = Instant::min();              // when the current look began. It may take several parks (`has_more`)
    Atomic<Instant> reported_{Instant::min()};  // all events that were ready at this moment have been reported
    mutable Mutex mutex_;
    TimerHeap sleeping_;
    TimerHeap advancing_;  // those that move the clock
    // The deadline of the first timer when the thread fell asleep. Instant::min() while no thread sleeps.
    Instant wakes_at_ = Instant::min();
};

}  // namespace rt
