/// Given: a clock that tests can stop; you call `now` and `to_real`.
/// \file
/// `Clock`: the time that a runtime's futures see.
///
/// It is the real time until a test pauses it. A resumed clock goes on from where it stood, so it may differ from the real one.
///
/// Thread safety: any thread may call `now`. The rest belongs to the thread of the runtime, which has one.
///
/// Source: Tokio's `time::pause`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <algorithm>

namespace rt {

class Clock {
  public:
    Instant now() const noexcept {
        Instant const stopped_at = stopped_at_.load(acquire);
        return stopped_at == running ? sys::now() + ahead_.load(relaxed) : stopped_at;
    }

    bool is_paused() const noexcept { return stopped_at_.load(relaxed) != running; }
    void pause() noexcept { stopped_at_.store(now(), relaxed); }
    void resume() noexcept {
        if (is_paused()) {
            ahead_.store(now() - sys::now(), relaxed);
            stopped_at_.store(running, release);  // a thread that sees this sees `ahead_`
        }
    }
    /// Moves it to `moment`, but never backwards. Called while it stands still.
    void jump_to(Instant moment) noexcept { stopped_at_.store(std::max(now(), moment), relaxed); }

    /// What the real clock will show when this one, running, shows `moment`.
    Instant to_real(Instant moment) const noexcept {
        Instant::duration const ahead = ahead_.load(relaxed);
        // A clock that was only paused for a while is behind, so the real moment could lie beyond the end of time.
        bool const overflows = ahead < Instant::duration::zero() && moment > Instant::max() + ahead;
        return overflows ? Instant::max() : moment - ahead;
    }

  private:
    static constexpr Instant running = Instant::min();

    Atomic<Instant> stopped_at_{running};
    Atomic<Instant::duration> ahead_{Instant::duration::zero()};  // of the real clock, when it runs
};

}  // namespace rt
