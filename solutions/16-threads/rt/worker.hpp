/// \file
/// `Worker`: one thread of a MultiThread. `Crew`: what the workers of one runtime share.
///
/// A worker looks for its next task in this order:
///
///   1. its own queue (deque.hpp), the oldest task first;
///   2. the injection queue, of which it moves its share to its own queue;
///   3. the queues of the other workers, if it may search (idle.hpp). It takes half of the first one that is not empty.
///
/// After every `look_interval` polls it looks into the injection queue first, so that its own queue does not starve tasks from
/// outside. Then it also serves the driver, if no worker sleeps there, so that timers and I/O go on while all work.
///
/// Invariant: a poll may take long, so before each poll, and after each push during one, the worker makes sure that another
/// worker takes care of what it leaves behind: its queue and the driver. It wakes a sleeper for that, unless a worker is in the
/// driver or monitors. If no worker sleeps, each of them looks for itself.
///
/// The monitor: a task usually wakes one other task and then waits. This worker runs that task next, so to wake a second worker
/// would be a system call for nothing. But the poll may be long. So one sleeping worker at a time wakes up every millisecond
/// and looks for work. While it does, a single task and the driver may wait for it. No task is left behind: a worker pushes a
/// task and then sees the monitor, and the monitor unlocks and then looks into all queues. All of that is seq_cst. Once all
/// others sleep, nobody monitors, so an idle runtime does not wake up at all. Without the monitor, a round trip between two
/// tasks takes about twice the time.
///
/// Source: Go's `findRunnable` and `sysmon`, Tokio's `multi_thread/worker.rs`.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/deque.hpp>
#include <rt/idle.hpp>
#include <rt/injection.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/worker_park.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace rt {

/// What other threads use of a worker.
struct Remote {
    Deque queue;
    WorkerPark park;
};

// Given: you use `wake_one`, `look_again` and the members.
class Crew {
  public:
    Crew(Scheduler& s, unsigned workers) : scheduler(s), idle(workers), remotes(workers) {}

    /// Wakes a worker, which will search, if that is needed. Called by a thread that has made work.
    void wake_one() noexcept {
        if (std::optional<unsigned> chosen = idle.choose_sleeper()) {
            remotes[*chosen].park.unpark();
        }
    }

    /// Looks into all queues, and does the same if one is not empty. Called by the last searcher when it stops.
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

/// One thread of a runtime.
class Worker {
  public:
    /// Polls between two looks at the driver and at the injection queue.
    static constexpr unsigned look_interval = 61;
    /// How long a single task, or the driver, may have to wait for the end of another task's poll.
    static constexpr std::chrono::milliseconds monitor_interval{1};

    /// The worker whose thread this is, or null.
    inline static constinit thread_local Worker* current = nullptr;

    Worker(Crew& crew, unsigned id) noexcept : crew_(crew), id_(id), own_(crew.remotes[id]) {}

    /// Runs tasks until the crew is stopped. Called once, on the worker's thread.
    void run() {
        RunsFutures runs_futures;
        EnterScheduler entered(crew_.scheduler);
        current = this;
        trace::emit(trace::Kind::thread, nullptr, id_ + 1, "worker");
        while (!crew_.stopping.load(relaxed)) {
            if (std::optional<Runnable> runnable = next_task()) {
                run_task(std::move(*runnable));
            } else {
                sleep();
            }
        }
        current = nullptr;
    }

    /// Queues a task that was woken or spawned on this worker's thread.
    void schedule(Runnable runnable) noexcept {
        // A task that yielded is not new work. And a worker in the driver runs a task, or sleeps again, as soon as it is out.
        bool const is_new = polled_ != nullptr && polled_ != &runnable.task();
        bool const is_only = own_.queue.push(std::move(runnable), crew_.injection);
        if (is_new && !(is_only && crew_.monitor_lock.is_locked())) {
            crew_.wake_one();
        }
    }

    Crew& crew() noexcept { return crew_; }

  private:
    void run_task(Runnable runnable) noexcept {
        if (is_searching_) {
            is_searching_ = false;
            if (crew_.idle.end_search()) {
                crew_.look_again();
            }
        }
        if (!own_.queue.is_empty() || !(crew_.driver_lock.is_locked() || crew_.monitor_lock.is_locked())) {
            crew_.wake_one();
        }
        budget::refill();
        polled_ = &runnable.task();
        std::move(runnable).run();
        polled_ = nullptr;
    }

    std::optional<Runnable> next_task() {
        if (++looks_ % look_interval == 0) {
            serve_driver();
            if (std::optional<Runnable> runnable = crew_.injection.pop()) {
                return runnable;
            }
        }
        if (std::optional<Runnable> runnable = own_.queue.pop()) {
            return runnable;
        }
        if (std::optional<Runnable> runnable = take_share()) {
            return runnable;
        }
        return search();
    }

    // Given: moves this worker's share of the injection queue to its own queue, which is empty, and returns the oldest.
    std::optional<Runnable> take_share() noexcept {
        TaskQueue share = crew_.injection.take_share(crew_.remotes.size(), Deque::half);
        std::optional<Runnable> oldest = share.pop();
        while (std::optional<Runnable> runnable = share.pop()) {
            own_.queue.push(std::move(*runnable), crew_.injection);
        }
        return oldest;
    }

    /// Looks into the queues of the other workers, from the next one on, so that two searchers do not begin at the same one.
    std::optional<Runnable> search() noexcept {
        if (!is_searching_ && !crew_.idle.begin_search()) {
            return std::nullopt;
        }
        is_searching_ = true;
        std::size_t const count = crew_.remotes.size();
        for (std::size_t i = 1; i < count; ++i) {
            if (std::optional<Runnable> runnable = own_.queue.steal_from(crew_.remotes[(id_ + i) % count].queue)) {
                trace::emit(trace::Kind::steal, this, static_cast<std::int64_t>(own_.queue.size() + 1));
                return runnable;
            }
        }
        return take_share();
    }

    /// Serves timers and I/O without sleeping, unless another worker is in the driver.
    void serve_driver() {
        if (crew_.driver_lock.try_lock()) {
            crew_.scheduler.park().park(no_wait);
            crew_.driver_lock.unlock();
        }
    }

    void sleep() {
        if (crew_.idle.fall_asleep(id_, std::exchange(is_searching_, false))) {
            crew_.look_again();  // may choose this worker
        }
        if (crew_.idle.awake_count() != 0 && crew_.monitor_lock.try_lock()) {
            own_.park.park_until(sys::now() + monitor_interval);
            crew_.monitor_lock.unlock();
            serve_driver();
            crew_.look_again();  // because this worker may find a task of its own, and then looks no further
        } else {
            own_.park.park(crew_.scheduler.park(), crew_.driver_lock);
        }
        is_searching_ = crew_.idle.wake_up(id_);
    }

    Crew& crew_;
    unsigned const id_;
    Remote& own_;
    unsigned looks_ = 0;
    bool is_searching_ = false;
    Task* polled_ = nullptr;  // the task that is being polled
};

}  // namespace rt
