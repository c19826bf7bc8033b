/// \file
/// `Park`: a place where one thread sleeps until another thread needs it. `ThreadPark`: a Park that sleeps on a
/// condition variable.
///
/// Invariants:
///  - A Park holds at most one token. `unpark` puts the token there, and `park` takes it.
///  - `park` sleeps only while there is no token. So a wake that comes before the sleep is not lost.
///  - Everything that a thread did before `unpark` is visible to the thread whose `park` takes the token.
///
/// Thread safety: one thread at a time calls `park`. Any thread calls `unpark`.
///
/// Called by: `block_on`, and every runtime whose queue is empty. The reactor of lesson 12 is a Park. The timers of lesson
/// 14 wrap another Park.
///
/// Source: Rust's `std::thread::park`, and `runtime/park.rs` of Tokio.
#pragma once

#include <rt/sync.hpp>
#include <rt/todo.hpp>
#include <rt/trace.hpp>

#include <chrono>
#include <optional>

namespace rt {

/// A moment on the clock that never goes backwards.
using Instant = std::chrono::steady_clock::time_point;

/// A deadline that has always passed. `park(no_wait)` takes a token if there is one, and never sleeps.
inline constexpr Instant no_wait = Instant::min();

/// A place where one thread sleeps.
class Park {
  public:
    Park() = default;
    Park(const Park&) = delete;
    Park& operator=(const Park&) = delete;
    virtual ~Park() = default;

    /// Takes the token. Without one, sleeps until `unpark` or until `deadline`. May return early for no reason, so the caller
    /// checks again what it waits for.
    virtual void park(std::optional<Instant> deadline) = 0;

    /// Puts the token there, which ends the current `park` or the next one.
    virtual void unpark() noexcept = 0;

    // Given: lesson 14 uses it. A timer must not fire while an event that came before its deadline is unprocessed.
    /// True if events that arrived before the last `park` may still be unprocessed. Called by the thread that parks.
    virtual bool has_more() const noexcept { return false; }
};

/// A Park that can only sleep. Without a deadline, its `park` returns only with the token.
class ThreadPark final : public Park {
  public:
    void park(std::optional<Instant> deadline) override {
        if (take_token() || deadline == no_wait) {
            return;
        }
        Lock lock(mutex_);
        // TODO(05.1) Announce the sleep: go from `empty` to `parked`. If a token has come by now, take it and return.
        todo("05.1 announce the sleep, unless a token is there");
        trace::emit(trace::Kind::park, this, deadline.has_value());
        // TODO(05.1) Sleep until the token is there or the deadline has passed. Leave `empty` behind. This thread must
        // see what the other thread did before its `unpark`.
        todo("05.1 sleep until the token is there", lock, deadline);
    }

    void unpark() noexcept override {
        // TODO(05.1) Put the token there. The thread that takes the token must see what this thread did before. Return
        // if no thread is parked.
        todo("05.1 put the token there");
        trace::emit(trace::Kind::unpark, this);
        // TODO(05.1) End the sleep of the parked thread. The notification must not come before that thread waits.
        todo("05.1 end the sleep");
    }

    /// True if the token is there. Then the next `park` returns at once.
    bool has_token() const noexcept { return state_.load(acquire) == notified; }

  private:
    enum State : int {
        empty,     // no token, and no thread sleeps
        parked,    // no token, and the thread sleeps or is about to
        notified,  // the token is there
    };

    bool take_token() noexcept {
        int expected = notified;
        return state_.compare_exchange_strong(expected, empty, acquire, relaxed);
    }

    Atomic<int> state_{empty};
    Mutex mutex_;
    Condvar condvar_;
};

}  // namespace rt
