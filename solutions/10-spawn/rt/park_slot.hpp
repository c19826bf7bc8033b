/// \file
/// Given: `ParkSlot`, a Park that passes everything on to another Park, which a service may replace. You never name it.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>

#include <optional>

namespace rt {

/// Thread safety: all functions but `park` may be called from any thread, also while another thread sleeps in `park`.
class ParkSlot final : public Park {
  public:
    explicit ParkSlot(Park* target) noexcept : target_(target) {}

    void park(std::optional<Instant> deadline) override { target_.load(acquire)->park(deadline); }

    /// Uses a read-modify-write (adding 0) instead of a load, so that it is totally ordered with `change_to`. If
    /// `unpark` comes first, the thread that `change_to` wakes sees what the caller has made ready. Else it unparks the
    /// new target.
    void unpark() noexcept override { target_.fetch_add(0, acq_rel)->unpark(); }

    /// Passes on to `target` from now on. Unparks both targets: the old one because a thread may sleep in it, the new
    /// one because a thread that has just entered it must look once more, in case an unpark still went to the old one.
    void change_to(Park& target) noexcept {
        Park* old = target_.exchange(&target, acq_rel);
        old->unpark();
        target.unpark();
    }

  private:
    Atomic<Park*> target_;
};

}  // namespace rt
