/// Given: it saves a system call for each task that wakes one other task; you ask `is_on` before you wake a worker.
/// \file
/// `Monitor`: the right of one sleeping worker to wake up every millisecond and look for work that waits behind a long poll.
///
/// A task usually wakes one other task and then waits. The worker runs the other task next, so it need not wake a second
/// thread. But the present poll may be long. As long as one worker monitors the others, a single task and the driver may
/// wait for it. Otherwise a worker is woken, finds nothing to do, and becomes the monitor. Once all others are asleep, the
/// monitor goes to sleep without a deadline, so an idle runtime does not wake up at all.
///
/// What it buys: without it, every wake-up of a task on two threads is a system call. That is 1.9 times the time of a round
/// trip through Notify and 2.3 times through oneshot, and more than Tokio needs. What it costs: this file, six lines in
/// worker.hpp, and a task behind a poll that does not end waits for up to a millisecond.
///
/// *Invariant*: no task is left behind. A worker pushes a task, **then** sees `is_on`. The monitor calls `end`, **then**
/// looks into all queues. All of that is seq_cst, so if the worker saw the monitor, the monitor sees the task.
///
/// Source of the idea: Go's `sysmon`. Tokio has a LIFO slot instead, and a task in it waits until the poll has ended.
#pragma once

#include <rt/sync.hpp>

#include <chrono>

namespace rt {

/// Held by at most one worker of a runtime.
class Monitor {
  public:
    /// How long a single task, or the driver, may have to wait for the end of another task's poll.
    static constexpr std::chrono::milliseconds interval{1};

    /// Returns true if the caller monitors from now on. Called by a worker before it sleeps while others are awake.
    bool try_begin() noexcept { return !on_.load(seq_cst) && !on_.exchange(true, seq_cst); }
    /// Called by the worker that monitors, when it wakes up, before it looks into the queues.
    void end() noexcept { on_.store(false, seq_cst); }
    /// Returns true if a worker monitors. Called by a worker after it has made work for itself.
    bool is_on() const noexcept { return on_.load(seq_cst); }

  private:
    Atomic<bool> on_{false};
};

}  // namespace rt
