/// Given: a Park for each worker, of which one at a time sleeps in the runtime's Park; you call `park` and `unpark`.
/// \file
/// `DriverLock`: the right to sleep in the driver. `WorkerPark`: where one worker sleeps.
///
/// The driver is the runtime's Park, with the timers and epoll in it. Only one thread at a time may be in it. A worker that
/// goes to sleep takes the DriverLock if it is free, and otherwise sleeps on a condition variable.
///
/// *Invariant*: while a worker sleeps, the driver does not stay without a thread. A worker that goes to sleep registers
/// (idle.hpp), **then** tries the lock. A worker that leaves the driver unlocks it, **then** looks for a sleeper before it
/// runs a task. All of that is seq_cst, so either the first finds the lock free, or the second finds the first asleep.
///
/// Source of the idea: Tokio's `multi_thread/park.rs`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>

#include <optional>

namespace rt {

/// A lock around the driver.
class DriverLock {
  public:
    explicit DriverLock(Park& driver) noexcept : driver_(driver) {}

    /// Returns true if the caller holds the lock now.
    bool try_lock() noexcept { return !locked_.load(seq_cst) && !locked_.exchange(true, seq_cst); }
    void unlock() noexcept { locked_.store(false, seq_cst); }
    /// Returns true if a worker holds the lock.
    bool is_locked() const noexcept { return locked_.load(seq_cst); }

    /// The driver. Its `park` belongs to the worker that holds the lock, its `unpark` to any thread.
    Park& driver() noexcept { return driver_; }

  private:
    Park& driver_;
    Atomic<bool> locked_{false};
};

/// The sleep of one worker: a Park with one token.
class WorkerPark {
  public:
    /// Sleeps until the token is there, in the driver if that is free. May return early. Called by the worker.
    void park(DriverLock& driver) {
        if (driver.try_lock()) {
            sleep_in(driver.driver(), in_driver, std::nullopt);
            driver.unlock();
        } else {
            sleep_in(condvar_park_, on_condvar, std::nullopt);
        }
    }

    /// Sleeps outside of the driver, until the token is there or `deadline` has come. Called by the worker.
    void park_until(Instant deadline) { sleep_in(condvar_park_, on_condvar, deadline); }

    /// Sets the token, which ends the present or the next sleep. Called from any thread.
    void unpark(DriverLock& driver) noexcept {
        switch (state_.exchange(notified, acq_rel)) {
            case on_condvar: condvar_park_.unpark(); break;
            case in_driver:
                driver.driver().unpark();
                break;       // if too late, the next worker's sleep there returns early
            default: break;  // the worker finds the token before it sleeps
        }
    }

  private:
    enum State : int { awake, on_condvar, in_driver, notified };

    void sleep_in(Park& park, State state, std::optional<Instant> deadline) {
        int expected = awake;
        if (state_.compare_exchange_strong(expected, state, acq_rel, acquire)) {
            park.park(deadline);
        }
        state_.exchange(awake, acquire);
    }

    Atomic<int> state_{awake};
    ThreadPark condvar_park_;
};

}  // namespace rt
