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
#include <rt/todo.hpp>
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
        // TODO(05.1) Lock the mutex, and go from `empty` to `parked`. If the token has come in the meantime, take it and
        // return.
        todo("05.1 say that this thread sleeps, unless the token is there");
        trace::emit(trace::Kind::park, this, deadline.has_value());
        // TODO(05.1) Wait on the condition variable until the token is there or the deadline has passed. Then leave
        // `empty` behind, and see everything that the other thread did before its unpark.
        todo("05.1 sleep until the token is there", deadline);
    }

    void unpark() noexcept override {
        // TODO(05.1) Put the token down, and release with it what was done before. If no thread is parked, return.
        todo("05.1 put the token down");
        trace::emit(trace::Kind::unpark, this);
        // TODO(05.1) End the sleep. How can you know that the sleeper really waits by now?
        todo("05.1 end the sleep");
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
