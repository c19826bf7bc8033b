/// \file
/// `Clock`: the time as a runtime's futures see it: the real one, until a test stops it.
///
/// A clock that was never paused costs one load more than the real one. A paused clock stands still until it is moved;
/// resumed, it goes on from there, so it may differ from the real clock by an offset ever after.
///
/// `now` may be called from any thread; the rest only on the thread of the runtime, which has one.
///
/// Source of the idea: Tokio's `time::pause`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <algorithm>
#include <chrono>

namespace rt {

class Clock {
  public:
    /// The time.
    Instant now() const noexcept {
        if (!was_paused_.load(acquire)) {
            return sys::now();
        }
        Lock lock(mutex_);
        return is_paused_ ? paused_at_ : sys::now() + ahead_;
    }

    bool is_paused() const noexcept {
        if (!was_paused_.load(acquire)) {
            return false;
        }
        Lock lock(mutex_);
        return is_paused_;
    }

    /// Stops it; nothing happens if it stands still already.
    void pause() noexcept {
        Lock lock(mutex_);
        if (!is_paused_) {
            paused_at_ = sys::now() + ahead_;
            is_paused_ = true;
            was_paused_.store(true, release);
        }
    }

    /// Lets it go on, from the time it shows.
    void resume() noexcept {
        Lock lock(mutex_);
        if (is_paused_) {
            ahead_ = paused_at_ - sys::now();
            is_paused_ = false;
        }
    }

    /// Moves it, while it stands still, to `moment`; never backwards.
    void jump_to(Instant moment) noexcept {
        Lock lock(mutex_);
        paused_at_ = std::max(paused_at_, moment);
    }

    /// When the real clock will show what this one, running, shows at `moment`.
    Instant to_real(Instant moment) const noexcept {
        if (!was_paused_.load(acquire)) {
            return moment;
        }
        Lock lock(mutex_);
        // A clock that was only ever paused for a while is behind; one that jumped is ahead.
        return ahead_ < Instant::duration::zero() && moment > Instant::max() + ahead_ ? Instant::max()
                                                                                      : moment - ahead_;
    }

  private:
    Atomic<bool> was_paused_{false};  // ever
    mutable Mutex mutex_;
    bool is_paused_ = false;
    Instant paused_at_{};
    Instant::duration ahead_{0};  // of the real clock, when it runs
};

}  // namespace rt
