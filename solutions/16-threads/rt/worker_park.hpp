/// Given: a Park for each worker. One worker at a time sleeps in the runtime's Park. worker.hpp has a given `park` that calls it.
/// \file
/// `WorkerPark`: where one worker sleeps. `TryLock`: the right to sleep in the driver.
///
/// The driver is the runtime's Park, with the timers and epoll in it. Only one thread at a time may be in it. A worker that
/// goes to sleep takes the driver's lock if it is free, and otherwise sleeps on a condition variable.
///
/// Invariant: while a worker sleeps, the driver does not stay without a thread. A worker that goes to sleep registers
/// (idle.hpp), and then tries the lock. A worker that leaves the driver unlocks it, and then looks for a sleeper before it
/// runs a task. All of that is seq_cst, so either the first finds the lock free, or the second finds the first asleep.
///
/// Source: Tokio's `multi_thread/park.rs`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>

#include <optional>

namespace rt {

/// A lock that no thread waits for.
class TryLock {
  public:
    /// Returns true if the caller holds the lock now.
    bool try_lock() noexcept { return !locked_.load(seq_cst) && !locked_.exchange(true, seq_cst); }
    void unlock() noexcept { locked_.store(false, seq_cst); }
    bool is_locked() const noexcept { return locked_.load(seq_cst); }

  private:
    Atomic<bool> locked_{false};
};

class WorkerPark {
  public:
    /// Sleeps until the token is there, in the driver if that is free. May return early. Called by the worker.
    void park(Park& driver, TryLock& driver_lock) {
        if (driver_lock.try_lock()) {
            sleep_in(driver, std::nullopt);
            driver_lock.unlock();
        } else {
            sleep_in(condvar_park_, std::nullopt);
        }
    }

    /// Sleeps outside of the driver, until the token is there or `deadline` has come. Called by the worker.
    void park_until(Instant deadline) { sleep_in(condvar_park_, deadline); }

    /// Sets the token, which ends the present or the next sleep. Called from any thread. If it comes too late for a sleep in
    /// the driver, the next worker there returns early.
    void unpark() noexcept {
        token_.exchange(true, seq_cst);  // publishes what earlier callers wrote, too
        if (Park* park = sleeps_in_.load(seq_cst)) {
            park->unpark();
        }
    }

  private:
    /// Either this sees the token, or `unpark` sees `park`, because both write first and then look.
    void sleep_in(Park& park, std::optional<Instant> deadline) {
        sleeps_in_.store(&park, seq_cst);
        if (!token_.load(seq_cst)) {
            park.park(deadline);
        }
        sleeps_in_.store(nullptr, relaxed);
        token_.exchange(false, acquire);
    }

    Atomic<bool> token_{false};
    Atomic<Park*> sleeps_in_{nullptr};
    ThreadPark condvar_park_;
};

}  // namespace rt
