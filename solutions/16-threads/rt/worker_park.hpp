/// \file
/// Where workers sleep: one in the driver, the others each in a place of its own. Whoever wakes a worker reaches it in either.
///
/// The driver is the runtime's Park: timers and epoll lie in it, and it takes one thread at a time. `DriverSeat` is the right
/// to be that thread. A worker that goes to sleep takes the seat if it is free. A worker that has slept or
/// searched, and is about to run a task, sees to it that the seat does not stay empty for long: if nobody has it and nobody
/// keeps watch (watch.hpp), it wakes another worker, who finds nothing to do and keeps watch, or takes the seat; or finds
/// something, and does the same.
///
/// A worker that goes to sleep registers as a sleeper (idle.hpp), then tries the seat. A worker that leaves the seat gives it
/// up, then looks for a sleeper to wake. All of that is seq_cst: so either the one finds the seat free, or the other finds
/// the one asleep.
///
/// Source of the idea: Tokio's `multi_thread/park.rs`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>

#include <optional>

namespace rt {

/// The one place in the driver.
class DriverSeat {
  public:
    explicit DriverSeat(Park& driver) noexcept : driver_(driver) {}

    /// True if the caller has the seat now.
    bool try_take() noexcept { return !taken_.load(seq_cst) && !taken_.exchange(true, seq_cst); }
    /// True if somebody has the seat.
    bool is_taken() const noexcept { return taken_.load(seq_cst); }
    /// Sleeps in the driver, or looks around with `no_wait`. Called by whoever has the seat.
    void park(std::optional<Instant> deadline) { driver_.park(deadline); }
    /// Gives the seat up.
    void leave() noexcept { taken_.store(false, seq_cst); }

    /// Ends the sleep of whoever is in the driver. Called from any thread.
    void unpark() noexcept { driver_.unpark(); }

  private:
    Park& driver_;
    Atomic<bool> taken_{false};
};

/// The sleep of one worker. A Park by its rules: one token, which `unpark` puts down.
class WorkerPark {
  public:
    /// Where to sleep.
    enum class Place { in_driver_if_free, elsewhere };

    /// Takes the token; sleeps until it is there or `deadline` has come. May return early. Called by the worker.
    void park(DriverSeat& seat, Place place, std::optional<Instant> deadline) {
        bool const in_seat = place == Place::in_driver_if_free && seat.try_take();
        if (lie_down(in_seat ? in_driver : in_bed)) {
            if (in_seat) {
                seat.park(deadline);
            } else {
                bed_.park(deadline);
            }
        }
        state_.exchange(awake, acquire);
        if (in_seat) {
            seat.leave();
        }
    }

    /// Puts the token down, and thereby ends the present or the next `park`. Called from any thread.
    void unpark(DriverSeat& seat) noexcept {
        switch (state_.exchange(notified, acq_rel)) {
            case in_bed: bed_.unpark(); break;
            case in_driver:
                seat.unpark();
                break;       // too late, perhaps: then the next one in the driver looks around once
            default: break;  // it finds the token before it lies down
        }
    }

  private:
    enum State : int { awake, in_bed, in_driver, notified };

    /// False if the token is there.
    bool lie_down(State where) noexcept {
        int expected = awake;
        return state_.compare_exchange_strong(expected, where, acq_rel, acquire);
    }

    Atomic<int> state_{awake};
    ThreadPark bed_;
};

}  // namespace rt
