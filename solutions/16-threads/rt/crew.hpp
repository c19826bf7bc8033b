/// Given: what the workers of one runtime share. You call `wake_for_task` and `look_again`, and use the members.
/// \file
/// `Crew`: what the workers of one runtime share. `Remote`: what other threads use of one worker.
///
/// The monitor: a poll usually wakes one other task and then ends, and its worker runs that task next. To wake a second worker
/// for it would be a system call for nothing. But if the poll goes on for long, the task waits. So while some worker is awake,
/// one of the sleeping workers wakes up after a millisecond, serves the driver, and looks into all queues. It is the monitor.
/// While there is one, a push of a single task wakes no worker, and a driver without a thread wakes none either.
///
/// No task is left behind. A worker pushes a task and then looks for the monitor. The monitor unlocks and then looks into all
/// queues. All of that is seq_cst, so either the worker finds no monitor, or the monitor finds the task. Once all others
/// sleep, there is no monitor, so an idle runtime does not wake up at all. Without the monitor, a round trip between two tasks
/// takes about twice the time.
///
/// Thread safety: any thread may call everything.
///
/// Source: Go's `sysmon`.
#pragma once

#include <rt/deque.hpp>
#include <rt/idle.hpp>
#include <rt/injection.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/worker_park.hpp>

#include <algorithm>
#include <optional>
#include <vector>

namespace rt {

/// What other threads use of a worker.
struct Remote {
    Deque queue;
    WorkerPark park;
};

class Crew {
  public:
    Crew(Scheduler& s, unsigned workers) : scheduler(s), idle(workers), remotes(workers) {}

    /// Wakes a worker, which will search, if one is needed. Called by a thread that has made work.
    void wake_one() noexcept {
        if (std::optional<unsigned> chosen = idle.choose_sleeper()) {
            remotes[*chosen].park.unpark();
        }
    }

    /// Does the same for a task that a worker has pushed. If the task `is_only`, which means that no other one is in that
    /// worker's queue, the monitor takes care of it.
    void wake_for_task(bool is_only) noexcept {
        if (!(is_only && monitor_lock.is_locked())) {
            wake_one();
        }
    }

    /// Looks into all queues, and wakes a worker if one of them is not empty. Called by the last searcher when it stops, and by the
    /// monitor.
    void look_again() noexcept {
        auto has_tasks = [](const Remote& remote) { return !remote.queue.is_empty(); };
        if (!injection.is_empty() || std::any_of(remotes.begin(), remotes.end(), has_tasks)) {
            wake_one();
        }
    }

    /// Tells all workers to return from `run`.
    void stop() noexcept {
        stopping.store(true, relaxed);
        for (Remote& remote : remotes) {
            remote.park.unpark();
        }
    }

    Scheduler& scheduler;
    Idle idle;
    InjectionQueue injection;
    TryLock driver_lock;  // of the worker that is in the driver, which is `scheduler.park()`
    TryLock monitor_lock;
    std::vector<Remote> remotes;   // one for each worker
    Atomic<bool> stopping{false};  // relaxed, because `stop` then unparks each worker, which publishes it
};

}  // namespace rt
