/// \file
/// `Worker`: one thread of a MultiThread.
///
/// A worker looks for its next task in this order:
///
///   1. its own queue (deque.hpp), the oldest task first;
///   2. the injection queue, of which it moves its share to its own queue;
///   3. the queues of the other workers, if it may search (idle.hpp). It takes half of the first one that is not empty.
///
/// At every 61st look (`look_interval`) it first serves the driver (worker_park.hpp), if no worker sleeps there, so that timers
/// and I/O go on while all work. Then it looks into the injection queue, so that its own queue does not starve tasks from outside.
///
/// Invariant: a poll may take long, so before each poll, and after each push during one, the worker makes sure that another
/// worker takes care of what it leaves behind: its queue and the driver. It wakes a sleeper for that, unless another worker
/// searches. For a single new task, or for the driver alone, the monitor is enough (crew.hpp). If no worker sleeps, each of them
/// looks for itself.
///
/// Thread safety: everything is called on the worker's thread.
///
/// Source: Go's `findRunnable`, Tokio's `multi_thread/worker.rs`.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/crew.hpp>
#include <rt/deque.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace rt {

class Worker {
  public:
    /// How often a worker looks for its next task until it looks at the driver and into the injection queue first.
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
        if (is_new) {
            crew_.wake_for_task(is_only);
        }
    }

    Crew& crew() noexcept { return crew_; }

  private:
    /// Returns the task to run next, or nothing if this worker is to sleep.
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

    /// Looks into the queues of the other workers, from the next one on, so that two searchers do not begin at the same one.
    /// Then looks into the injection queue once more. Not inlined, because a worker that has tasks does not search.
    [[gnu::noinline]] std::optional<Runnable> search() noexcept {
        if (!is_searching_ && !crew_.idle.begin_search()) {
            return std::nullopt;
        }
        is_searching_ = true;
        std::size_t const count = crew_.remotes.size();
        for (std::size_t i = 1; i < count; ++i) {
            if (std::optional<Runnable> runnable = steal_from(crew_.remotes[(id_ + i) % count])) {
                return runnable;
            }
        }
        return take_share();
    }

    /// Polls a task. If this worker has searched for it, the search is over.
    void run_task(Runnable runnable) noexcept {
        if (is_searching_) {
            is_searching_ = false;
            if (crew_.idle.end_search()) {
                crew_.look_again();
            }
        }
        hand_over();
        budget::refill();
        polled_ = &runnable.task();
        std::move(runnable).run();
        polled_ = nullptr;
    }

    /// Sleeps until another thread wakes this worker, or an event in the driver does.
    void sleep() {
        if (crew_.idle.fall_asleep(id_, is_searching_)) {
            crew_.look_again();  // may choose this worker
        }
        park();
        is_searching_ = crew_.idle.wake_up(id_);
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

    // Given: steals from the queue of another worker. The own queue is empty.
    std::optional<Runnable> steal_from(Remote& victim) noexcept {
        std::optional<Runnable> runnable = own_.queue.steal_from(victim.queue);
        if (runnable) {
            trace::emit(trace::Kind::steal, this, static_cast<std::int64_t>(own_.queue.size() + 1));
        }
        return runnable;
    }

    // Given: makes sure, before a poll, that another worker takes care of the own queue and of the driver.
    void hand_over() noexcept {
        if (!own_.queue.is_empty() || !(crew_.driver_lock.is_locked() || crew_.monitor_lock.is_locked())) {
            crew_.wake_one();
        }
    }

    // Given: serves timers and I/O without sleeping, unless another worker is in the driver.
    void serve_driver() {
        if (crew_.driver_lock.try_lock()) {
            crew_.scheduler.park().park(no_wait);
            crew_.driver_lock.unlock();
        }
    }

    // Given: sleeps as the monitor, in the driver, or on a condition variable.
    void park() {
        if (crew_.idle.awake_count() != 0 && crew_.monitor_lock.try_lock()) {
            own_.park.park_until(sys::now() + monitor_interval);
            crew_.monitor_lock.unlock();
            serve_driver();
            crew_.look_again();  // because this worker may find a task of its own, and then looks no further
        } else {
            own_.park.park(crew_.scheduler.park(), crew_.driver_lock);
        }
    }

    Crew& crew_;
    unsigned const id_;
    Remote& own_;
    unsigned looks_ = 0;
    bool is_searching_ = false;
    Task* polled_ = nullptr;  // the task that is being polled
};

}  // namespace rt
