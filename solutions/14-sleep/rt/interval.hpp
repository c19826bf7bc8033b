/// \file
/// `interval(period)`: a tick every `period`. `tick()` waits for the next one.
///
/// The first tick is at once. The others are planned from the moments at which the earlier ones were due, not from the moments
/// at which somebody looked, so an interval does not drift. MissedTickBehavior says what happens to ticks that nobody awaited
/// in time.
///
/// Source of the idea: `tokio::time::interval`.
#pragma once

#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/sleep.hpp>
#include <rt/violation.hpp>

#include <chrono>

namespace rt {

/// For example, an interval of 10 s whose tick of second 10 is awaited only in second 25 then ticks in these seconds:
enum class MissedTickBehavior {
    burst,  ///< 25, 25, 30, 40: the missed ones come at once. For a count that must be right.
    delay,  ///< 25, 35, 45, 55: each a period after the late one. For a pause that must be kept.
    skip,   ///< 25, 30, 40, 50: the missed ones are left out. For a rhythm that must be kept.
};

/// See `interval`. Awaited by one task at a time. May be moved while no tick is awaited.
class Interval {
  public:
    /// A tick that is later than this counts as missed. Each tick is late by a little.
    static constexpr std::chrono::milliseconds tolerance{5};

    Interval(Instant start, Instant::duration period) noexcept : next_(start), period_(period) {
        if (period <= Instant::duration::zero()) {
            violation("an interval needs a positive period: with none it would tick without end");
        }
    }

    // Given: a sleep that then plans the next tick.
    /// See `tick`. Dropping it loses no tick, because the next one waits for the same moment.
    class [[nodiscard]] Tick {
      public:
        using Output = Instant;

        explicit Tick(Interval& interval) noexcept : interval_(&interval), sleep_(interval.next_) {}

        Poll<Instant> poll(Context& cx) {
            contract_.begin("tick");
            if (sleep_.poll(cx).is_pending()) {
                return contract_.pending();
            }
            interval_->go_on(time::now());
            return Ready(sleep_.deadline());
        }

      private:
        [[no_unique_address]] Contract contract_;
        Interval* interval_;
        Sleep sleep_;
    };

    /// A future of the next tick. Yields the moment for which it was planned.
    Tick tick() noexcept { return Tick(*this); }

    /// The next tick comes a period from now.
    void reset() noexcept { next_ = time::later(time::now(), period_); }

    void set_missed_tick_behavior(MissedTickBehavior behavior) noexcept { behavior_ = behavior; }
    MissedTickBehavior missed_tick_behavior() const noexcept { return behavior_; }
    Instant::duration period() const noexcept { return period_; }

  private:
    /// Plans the next tick, when the tick of `next_` is taken at `now`.
    void go_on(Instant now) noexcept {
        Instant const planned = time::later(next_, period_);
        if (now <= next_ || now - next_ < tolerance || behavior_ == MissedTickBehavior::burst) {
            next_ = planned;
        } else if (behavior_ == MissedTickBehavior::delay) {
            next_ = time::later(now, period_);
        } else {
            next_ = time::later(now, period_ - (now - next_) % period_);
        }
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
