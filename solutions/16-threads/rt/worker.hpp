/// \file
/// `Worker`: one thread of a MultiThread, and its queue. `Crew`: all workers of a runtime, and what they share.
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
/// *Invariant*: a poll may take long, so before each poll, and after each push during one, the worker makes sure that another
/// worker takes care of what it leaves behind: its queue and the driver. It wakes a sleeper for that, unless one is in the
/// driver or monitors (monitor.hpp). If no worker sleeps, each of them looks for itself.
///
/// *Thread safety*: `run` and `schedule` belong to the worker's thread. Other threads take from its queue and unpark it.
///
/// Source of the idea: Go's `findRunnable`, Tokio's `multi_thread/worker.rs`.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/deque.hpp>
#include <rt/idle.hpp>
#include <rt/injection.hpp>
#include <rt/monitor.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/worker_park.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace rt {

class Worker;

namespace detail {

/// The worker whose thread this is, or null.
inline constinit thread_local Worker* current_worker = nullptr;

}  // namespace detail

// Given: you use `wake_one`, `is_driver_attended` and the members.
/// What the workers of one runtime share.
class Crew {
  public:
    Crew(Scheduler& scheduler, unsigned workers);

    /// Wakes a worker, which will search, if that is needed. Called by a thread that has made work.
    void wake_one() noexcept;
    /// Returns true if some queue is not empty. Called by the last searcher when it stops.
    bool has_work() const noexcept;
    /// Returns true if a worker is in the driver, or will soon be. Called by a worker before it polls.
    bool is_driver_attended() const noexcept { return driver.is_locked() || monitor.is_on(); }

    /// Tells all workers to return from `run`.
    void stop() noexcept;
    bool is_stopping() const noexcept { return stopping_.load(relaxed); }

    Scheduler& scheduler;
    Idle idle;
    InjectionQueue injection;
    DriverLock driver;
    Monitor monitor;
    std::vector<std::unique_ptr<Worker>> workers;

  private:
    Atomic<bool> stopping_{false};  // relaxed, because `stop` then unparks each worker, which publishes it
};

/// One thread of a runtime.
class Worker {
  public:
    /// Polls between two looks at the driver and at the injection queue.
    static constexpr unsigned look_interval = 61;

    Worker(Crew& crew, unsigned id) noexcept : crew_(crew), id_(id) {}

    // Given: what a thread has to set up to run tasks.
    /// Runs tasks until the crew is stopped. Called once, on the worker's thread.
    void run() {
        RunsFutures runs_futures;
        EnterScheduler entered(crew_.scheduler);
        detail::current_worker = this;
        trace::emit(trace::Kind::thread, nullptr, id_ + 1, "worker");
        work();
        detail::current_worker = nullptr;
    }

    /// Queues a task that was woken or spawned on this worker's thread.
    void schedule(Runnable runnable) noexcept {
        // A task that yielded is not new work. And a worker in the driver runs a task, or sleeps again, as soon as it is out.
        bool const is_new = polled_ != nullptr && polled_ != &runnable.task();
        bool const is_only = queue_.push(std::move(runnable), crew_.injection);
        if (is_new && !(is_only && crew_.monitor.is_on())) {
            crew_.wake_one();
        }
    }

    /// Ends the worker's present or next sleep. Called from any thread.
    void unpark() noexcept { park_.unpark(crew_.driver); }

    Crew& crew() noexcept { return crew_; }
    Deque& queue() noexcept { return queue_; }

  private:
    void work() {
        while (!crew_.is_stopping()) {
            if (std::optional<Runnable> runnable = next_task()) {
                run_task(std::move(*runnable));
            } else {
                sleep();
            }
        }
    }

    void run_task(Runnable runnable) noexcept {
        if (is_searching_) {
            is_searching_ = false;
            look_again_if(crew_.idle.end_search());
        }
        if (!queue_.is_empty() || !crew_.is_driver_attended()) {
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
        if (std::optional<Runnable> runnable = queue_.pop()) {
            return runnable;
        }
        if (std::optional<Runnable> runnable = take_share()) {
            return runnable;
        }
        return search();
    }

    // Given: a loop.
    /// Moves this worker's share of the injection queue to its own queue, which is empty, and returns the oldest.
    std::optional<Runnable> take_share() noexcept {
        TaskQueue share = crew_.injection.take_share(crew_.workers.size(), Deque::half);
        std::optional<Runnable> oldest = share.pop();
        while (std::optional<Runnable> runnable = share.pop()) {
            queue_.push(std::move(*runnable), crew_.injection);
        }
        return oldest;
    }

    /// Looks into the queues of the other workers, from the next one on, so that two searchers do not begin at the same one.
    std::optional<Runnable> search() noexcept {
        if (!is_searching_ && !crew_.idle.begin_search()) {
            return std::nullopt;
        }
        is_searching_ = true;
        std::size_t const count = crew_.workers.size();
        for (std::size_t i = 1; i < count; ++i) {
            if (std::optional<Runnable> runnable = steal_from(*crew_.workers[(id_ + i) % count])) {
                return runnable;
            }
        }
        return take_share();
    }

    // Given: the trace.
    std::optional<Runnable> steal_from(Worker& victim) noexcept {
        std::optional<Runnable> oldest = queue_.steal_from(victim.queue_);
        if (oldest) {
            trace::emit(trace::Kind::steal, this, static_cast<std::int64_t>(queue_.size() + 1));
        }
        return oldest;
    }

    /// Serves timers and I/O without sleeping, unless another worker is in the driver.
    void serve_driver() {
        if (crew_.driver.try_lock()) {
            crew_.driver.driver().park(no_wait);
            crew_.driver.unlock();
        }
    }

    void sleep() {
        look_again_if(crew_.idle.fall_asleep(id_, std::exchange(is_searching_, false)));  // may choose this worker
        if (crew_.idle.awake_count() != 0 && crew_.monitor.try_begin()) {
            park_.park_until(sys::now() + Monitor::interval);
            crew_.monitor.end();
            serve_driver();
        } else {
            park_.park(crew_.driver);
        }
        is_searching_ = crew_.idle.wake_up(id_);
    }

    void look_again_if(Idle::OnStop order) noexcept {
        if (order == Idle::OnStop::look_again && crew_.has_work()) {
            crew_.wake_one();
        }
    }

    Crew& crew_;
    unsigned const id_;
    unsigned looks_ = 0;
    bool is_searching_ = false;
    Task* polled_ = nullptr;  // the task that is being polled
    Deque queue_;
    WorkerPark park_;
};

// Given: see Crew.
inline Crew::Crew(Scheduler& s, unsigned count) : scheduler(s), idle(count), driver(s.park()) {
    workers.reserve(count);
    for (unsigned id = 0; id < count; ++id) {
        workers.push_back(std::make_unique<Worker>(*this, id));
    }
}

// Given: see Crew.
inline void Crew::wake_one() noexcept {
    if (std::optional<unsigned> chosen = idle.choose_sleeper()) {
        workers[*chosen]->unpark();
    }
}

// Given: see Crew.
inline bool Crew::has_work() const noexcept {
    if (!injection.is_empty()) {
        return true;
    }
    for (const std::unique_ptr<Worker>& worker : workers) {
        if (!worker->queue().is_empty()) {
            return true;
        }
    }
    return false;
}

// Given: see Crew.
inline void Crew::stop() noexcept {
    stopping_.store(true, relaxed);
    for (const std::unique_ptr<Worker>& worker : workers) {
        worker->unpark();
    }
}

}  // namespace rt
