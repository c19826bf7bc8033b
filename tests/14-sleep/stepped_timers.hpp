/// \file
/// `SteppedTimers`: timers over a mutex and atomics that the tests can see through. So a test plays what another thread does at
/// each moment, and needs no luck. `TimersUnderTest`: a runtime with such timers.
#pragma once

#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>
#include <support/seen_mutex.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

template <class T>
    requires std::is_enum_v<T>
inline constexpr bool support::is_stepped<T> = true;

namespace support {

/// True while this thread holds the lock of the timers.
inline constinit thread_local bool holds_the_lock = false;
/// Called each time when this thread has unlocked the mutex of the timers.
inline thread_local std::function<void()> after_unlock;

/// For the `Mutex` of timers.hpp.
struct TimersRule {
    static constexpr const char* deadlock =
        "a deadlock: a waker was woken or dropped under the lock of the timers, and its task used the timers. Unlock first.";
    static void unlocked() {
        if (auto const call = std::exchange(after_unlock, nullptr)) {
            call();
            after_unlock = call;
        }
    }
};

}  // namespace support

namespace rt {

class SteppedMutex : public support::SeenMutex<support::TimersRule> {
    using Base = support::SeenMutex<support::TimersRule>;

  public:
    void lock() {
        Base::lock();
        support::holds_the_lock = true;
    }
    void unlock() {
        support::holds_the_lock = false;
        Base::unlock();
    }
};
using SteppedLock = std::unique_lock<SteppedMutex>;

}  // namespace rt

#define Atomic SteppedAtomic
#define Timer SteppedTimer
#define TimerHeap UnwatchedHeap
#define Timers SteppedTimers
#include <rt/timer_heap.hpp>
#undef TimerHeap

namespace rt {

/// Reports each use without the lock, and a timer that is removed although it is not in the heap.
class SteppedTimerHeap : public UnwatchedHeap {
  public:
    bool is_empty() const noexcept {
        require_the_lock();
        return UnwatchedHeap::is_empty();
    }
    Instant next_deadline() const noexcept {
        require_the_lock();
        return UnwatchedHeap::next_deadline();
    }
    void push(Timer& timer, Instant deadline) {
        require_the_lock();
        UnwatchedHeap::push(timer, deadline);
        members_.push_back(&timer);
    }
    void remove(Timer& timer) noexcept {
        require_the_lock();
        if (std::erase(members_, &timer) == 0) {
            violation(
                "a timer was removed that is not in the heap. Under the lock, look first whether the timer waits.");
        }
        UnwatchedHeap::remove(timer);
    }
    Timer& pop() noexcept {
        require_the_lock();
        Timer& first = UnwatchedHeap::pop();
        std::erase(members_, &first);
        return first;
    }

  private:
    static void require_the_lock() noexcept {
        if (!support::holds_the_lock) {
            violation("the timers were used without their lock. Another thread may set a timer at the same moment.");
        }
    }

    std::vector<Timer*> members_;
};

}  // namespace rt

#define TimerHeap SteppedTimerHeap
#define Mutex SteppedMutex
#define Lock SteppedLock
#include <rt/timers.hpp>
#undef Atomic
#undef Timer
#undef TimerHeap
#undef Timers
#undef Mutex
#undef Lock

namespace support {

using Timer = rt::SteppedTimer;

/// A Park that never sleeps. It remembers how it was called. `while_asleep` does what other threads do during the next sleep.
class RecordingPark final : public rt::Park {
  public:
    void park(std::optional<rt::Instant> deadline) override {
        calls += deadline == rt::no_wait ? "no wait, "
                 : deadline ? fmt::format("{} s, ", std::chrono::duration<double>(*deadline - start).count())
                            : "without end, ";
        sleeps_until = deadline.value_or(rt::Instant::max());
        if (auto const call = std::exchange(while_asleep, nullptr)) {
            call();
        }
    }
    void unpark() noexcept override { ++unparks; }
    bool has_more() const noexcept override { return more; }

    std::function<void()> while_asleep;
    std::string calls;  // deadlines in seconds from `start`
    rt::Instant start = std::chrono::ceil<std::chrono::milliseconds>(rt::sys::now());
    rt::Instant sleeps_until;
    int unparks = 0;
    bool more = false;  // whether the next park goes on with the same look
};

/// A runtime that sleeps in a RecordingPark, and its timers.
class TimersUnderTest {
  public:
    TimersUnderTest() { holds_the_lock = false; }
    TimersUnderTest(const TimersUnderTest&) = delete;
    TimersUnderTest& operator=(const TimersUnderTest&) = delete;
    ~TimersUnderTest() { holds_the_lock = true; }  // the destructor of the timers needs no lock, because it runs alone

    /// The runtime sleeps until the first timer is due, or until `deadline`.
    void park(std::optional<rt::Instant> deadline = std::nullopt) { runtime_.park().park(deadline); }

    /// Runs `future` as the main future of the runtime.
    template <rt::Future F>
    rt::OutputOf<F> block_on(F future) {
        return runtime_.block_on(std::move(future));
    }

    /// What the future of a sleep calls the current runtime.
    rt::Scheduler& scheduler() noexcept { return runtime_; }

    /// From now on the clock stands still.
    void pause() { timers.pause(); }
    /// The idle runtime sleeps once. Its paused clock jumps to the next timer.
    void jump() {
        step("the paused clock jumps to the next timer");
        park();
    }

    RecordingPark below;

  private:
    rt::CurrentThread runtime_{below};

  public:
    rt::SteppedTimers& timers = runtime_.service<rt::SteppedTimers>();
};

}  // namespace support
