/// \file
/// `Watch`: why a worker need not wake another for each single task.
///
/// A task that wakes another and then waits is the commonest thing there is: what was woken can run right here, as soon as
/// the present poll is over. To wake a second thread for it costs more than the whole task. The same holds for a single task
/// that an event of the driver has woken, and for the driver's seat: a moment later the worker is back.
///
/// But a poll may be long. So a worker keeps such a thing for itself only while somebody *keeps watch*: a worker with nothing
/// to do, who sleeps no longer than `interval`, then looks into all queues, steals what lies there, and takes the driver's
/// seat if it finds it empty. While nobody keeps watch, every task is a reason to wake someone (idle.hpp): who finds nothing
/// to do, if it was that single task, and then keeps watch. A watchman who finds work wakes another before it runs it. Once all
/// others are asleep, the watch ends: an idle runtime sleeps.
///
/// Whoever relies on the watch has announced its task, **then** seen `is_kept`. Whoever ends the watch ends it here, **then**
/// looks into all queues. Both are seq_cst: so if the watch was seen, the task is.
///
/// Source of the idea: Go's `sysmon`; what it replaces, Tokio's LIFO slot, which nobody else can reach during a long poll.
#pragma once

#include <rt/sync.hpp>

#include <chrono>

namespace rt {

class Watch {
  public:
    /// How long a single task, or the driver, may have to wait for the end of another's poll.
    static constexpr std::chrono::milliseconds interval{1};

    /// True if the caller keeps watch from now on. Called by a worker that goes to sleep while others do not.
    bool try_begin() noexcept { return !kept_.load(seq_cst) && !kept_.exchange(true, seq_cst); }
    /// Called by the worker that keeps watch, when it wakes, before it looks into the queues.
    void end() noexcept { kept_.store(false, seq_cst); }
    /// True if somebody keeps watch. Called by a worker that has made work for itself, afterwards.
    bool is_kept() const noexcept { return kept_.load(seq_cst); }

  private:
    Atomic<bool> kept_{false};
};

}  // namespace rt
