/// \file
/// `Park`: how a thread goes to sleep until someone needs it. `ThreadPark`: the plain way, on a condition variable.
///
/// A park has one token. `unpark` puts it down; `park` takes it up, and sleeps as long as it is not there. Two unparks
/// leave one token. So a wake that comes before the sleep is not lost: the sleep finds the token and does not begin.
///
/// Timers (lesson 14) are a Park around another; epoll (lesson 12) is a Park.
///
/// Source of the idea: Rust's `std::thread::park`, Tokio's `Park` trait of old.
#pragma once

#include <rt/sync.hpp>
#include <rt/trace.hpp>

#include <chrono>
#include <optional>

namespace rt {

/// A moment on the clock that never goes backwards.
using Instant = std::chrono::steady_clock::time_point;

/// The deadline that has always passed already: `park(no_wait)` looks around and does not sleep.
inline constexpr Instant no_wait = Instant::min();

/// A place where one thread sleeps.
class Park {
  public:
    Park() = default;
    Park(const Park&) = delete;
    Park& operator=(const Park&) = delete;
    virtual ~Park() = default;

    /// Takes the token; sleeps until it is there, or until `deadline` has come. May return early for no reason, so the
    /// caller looks again at what it waits for. Called by one thread at a time.
    virtual void park(std::optional<Instant> deadline) = 0;

    /// Puts the token down, and thereby ends the present or the next `park`. Called from any thread.
    virtual void unpark() noexcept = 0;

    // Given: lesson 14 asks for it, because what is ready is not late.
    /// True if events may be left that had come before the last `park`. Called by the thread that parks.
    virtual bool has_more() const noexcept { return false; }
};

/// A Park that can do nothing but sleep. Without a deadline its `park` returns with the token and never early.
class ThreadPark final : public Park {
  public:
    void park(std::optional<Instant> deadline) override {
        if (take_token() || deadline == no_wait) {
            return;
        }
        Lock lock(mutex_);
        int expected = empty;
        if (!state_.compare_exchange_strong(expected, parked, relaxed, relaxed)) {
            // An unpark came after `take_token` had looked, so the token is there.
            state_.exchange(empty, acquire);
            return;
        }
        trace::emit(trace::Kind::park, this, deadline.has_value());
        while (state_.load(relaxed) == parked) {
            if (!deadline) {
                condvar_.wait(lock);
            } else if (condvar_.wait_until(lock, *deadline) == CondvarStatus::timeout) {
                break;
            }
        }
        state_.exchange(empty, acquire);
    }

    void unpark() noexcept override {
        if (state_.exchange(notified, release) != parked) {
            return;
        }
        trace::emit(trace::Kind::unpark, this);
        // The sleeper sets `parked` under the lock and releases the lock only inside `wait`. Once this thread has had the
        // lock, the sleeper must be waiting, so the notification isn't too early.
        { Lock lock(mutex_); }
        condvar_.notify_one();
    }

    /// True if the token is there, so that the next `park` returns at once.
    bool has_token() const noexcept { return state_.load(acquire) == notified; }

  private:
    enum State : int { empty, parked, notified };

    bool take_token() noexcept {
        int expected = notified;
        return state_.compare_exchange_strong(expected, empty, acquire, relaxed);
    }

    Atomic<int> state_{empty};
    Mutex mutex_;
    Condvar condvar_;
};

}  // namespace rt
