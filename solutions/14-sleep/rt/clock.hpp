/// Given: arithmetic with moments that never overflows. You use `time::now`, `time::later`, and `time::between`.
/// \file
/// `rt::time::now`, and sums and differences of moments.
///
/// Source: `sleep` of Tokio, which also waits for a moment in the far future if the sum overflows.
#pragma once

#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/timers.hpp>

#include <algorithm>
#include <chrono>

namespace rt::time {

/// The time on the clock of the current runtime, or the real time outside of a runtime.
inline Instant now() noexcept {
    Scheduler* scheduler = try_current();
    Timers* timers = scheduler == nullptr ? nullptr : scheduler->find_service<Timers>();
    return timers == nullptr ? sys::now() : timers->now();
}

/// `from` + `duration`, rounded up. Beyond the end of the clock (292 years) it is Instant::max(), which never comes. A
/// negative duration counts as zero.
template <class Rep, class Period>
Instant later(Instant from, std::chrono::duration<Rep, Period> duration) noexcept {
    using Seconds = std::chrono::duration<double>;
    if (!(Seconds(duration) > Seconds::zero())) {
        return from;
    }
    // Compared as seconds, which cannot overflow. One second less makes up for what a double rounds.
    if (Seconds(duration) > Seconds(Instant::max() - std::max(from, Instant())) - Seconds(1)) {
        return Instant::max();
    }
    return from + std::chrono::ceil<Instant::duration>(duration);
}

/// The time from `from` to `to`, at most Instant::duration::max().
inline Instant::duration between(Instant from, Instant to) noexcept {
    bool const is_too_long = from < Instant() && to > Instant::max() + from.time_since_epoch();
    return is_too_long ? Instant::duration::max() : to - from;
}

}  // namespace rt::time
