/// \file
/// `interval(period)`: a tick every `period`. `tick()` waits for the next one.
///
/// The first tick is at once. By default, each of the others is planned from the moment at which the one before it was due, not
/// from the moment at which it was awaited, so an interval does not drift.
///
/// Source: `tokio::time::interval`.
#pragma once

#include <rt/async.hpp>
#include <rt/clock.hpp>
#include <rt/park.hpp>
#include <rt/sleep.hpp>
#include <rt/todo.hpp>
#include <rt/violation.hpp>

#include <chrono>

namespace rt {

/// What happens to ticks that were not awaited in time. For example, an interval of 10 s whose tick of second 10 is awaited only
/// in second 25 then ticks in these seconds:
enum class MissedTickBehavior {
    burst,  ///< 25, 25, 30, 40: the missed ones come at once. For a count that must be right.
    delay,  ///< 25, 35, 45, 55: each a period after the late one. For a pause that must be kept.
    skip,   ///< 25, 30, 40, 50: the missed ones are left out. For a rhythm that must be kept.
};

/// One task at a time awaits its ticks. It may be moved while no tick is awaited.
class Interval {
  public:
    /// A tick counts as missed if it is late by this or more. Less is normal, because no sleep ends exactly on time.
    static constexpr std::chrono::milliseconds tolerance{5};

    Interval(Instant start, Instant::duration period) noexcept : next_(start), period_(period) {
        if (period <= Instant::duration::zero()) {
            violation("rt::interval was called with a period of 0 or less. Pass a positive one.");
        }
    }

    /// Waits for the next tick, and yields its planned moment. If this future is dropped, the next one waits for the same tick.
    Async<Instant> tick() {
        Instant planned;
        do {
            planned = next_;
            co_await sleep_until(planned);
        } while (planned != next_);  // the interval was reset meanwhile
        plan_next(time::now());
        co_return planned;
    }

    /// The next tick comes a period from now. A tick that is awaited already is put off until then, but not brought forward.
    void reset() noexcept { next_ = time::later(time::now(), period_); }

    void set_missed_tick_behavior(MissedTickBehavior behavior) noexcept { behavior_ = behavior; }

  private:
    /// Plans the tick after `next_`, which is taken at `now`.
    void plan_next(Instant now) noexcept {
        // TODO(14.4) Change `next_` to the moment of the next tick. If this tick is late by `tolerance` or more,
        // `behavior_` decides which moment that is.
        todo("14.4 plan the next tick", now);
    }

    Instant next_;
    Instant::duration period_;
    MissedTickBehavior behavior_ = MissedTickBehavior::burst;
};

/// Ticks at `start`, and then every `period`, which must be positive.
template <class Rep, class Period>
Interval interval_at(Instant start, std::chrono::duration<Rep, Period> period) noexcept {
    return Interval(start, time::later(Instant(), period) - Instant());
}

/// Ticks now, and then every `period`, which must be positive.
template <class Rep, class Period>
Interval interval(std::chrono::duration<Rep, Period> period) noexcept {
    return interval_at(time::now(), period);
}

}  // namespace rt
