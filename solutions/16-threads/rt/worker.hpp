/// \file
/// `Worker`: one thread of a `multi_thread` runtime, and its queue. `Crew`: all of them, and what they share.
///
/// A worker looks for its next task in this order:
///
///   1. its own queue (deque.hpp), the oldest first;
///   2. the injection queue, of which it takes its share into its own;
///   3. the queues of the others, if it may search (idle.hpp): half of the first that is not empty.
///
/// Every `look_interval` polls it looks into the injection queue first, so that a full queue of its own starves nobody who
/// came from outside; and, if nobody sleeps in the driver, it looks there too, so that timers and I/O go on while all work.
///
/// Threads: `run` and `schedule` belong to the worker's thread. Of a worker, others touch the head of its queue, and its park.
///
/// Source of the idea: Go's `findRunnable`, Tokio's `multi_thread/worker.rs`.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/deque.hpp>
#include <rt/idle.hpp>
#include <rt/injection.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/watch.hpp>
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

/// The worker whose thread this is; null elsewhere.
inline constinit thread_local Worker* current_worker = nullptr;

}  // namespace detail

/// What the workers of one runtime share.
class Crew {
  public:
    Crew(Scheduler& scheduler, unsigned workers);

    /// Wakes a worker, who will search, if there is need of one. Called by whoever has made work, afterwards.
    void wake_one() noexcept;

    /// The same, but a single task, which the caller runs next, can be left to the watch; so can the driver. Called by
    /// workers.
    void wake_one_unless_watched(bool is_single) noexcept {
        if (!is_single || !watch.is_kept()) {
            wake_one();
        }
    }

    /// True if a worker is in the driver, or keeps watch. Called by a worker that has searched or slept, before it runs a task:
    /// if it is false, another must be woken.
    bool is_driver_looked_after() const noexcept { return seat.is_taken() || watch.is_kept(); }

    /// True if some queue is not empty. Called by the last searcher, when it stops.
    bool has_work() const noexcept;

    /// Tells all workers to return from `run`, wherever they are.
    void stop() noexcept;
    bool is_stopping() const noexcept { return stopping_.load(relaxed); }

    Scheduler& scheduler;
    Idle idle;
    InjectionQueue injection;
    DriverSeat seat;
    Watch watch;
    std::vector<std::unique_ptr<Worker>> workers;

  private:
    Atomic<bool> stopping_{false};  // each worker's token is put down after it, and carries it over
};

class Worker {
  public:
    /// Polls between two looks at the driver, and at the injection queue before its own.
    static constexpr unsigned look_interval = 61;

    Worker(Crew& crew, unsigned id) noexcept : crew_(crew), id_(id) {}

    /// Runs tasks until the crew is stopped. Called once, on the worker's thread.
    void run();

    /// Queues a task that was woken or spawned on this worker's thread.
    void schedule(Runnable runnable) noexcept {
        // A task that yielded was running and now waits behind the others: no more work than before. And while the worker lies
        // in the driver, it tells the others when it comes out.
        bool const is_news = polled_ != &runnable.task() && !is_asleep_;
        bool const is_single = queue_.push(std::move(runnable), crew_.injection);
        if (is_news) {
            queue_.announce();
            crew_.wake_one_unless_watched(is_single);
        }
    }

    /// Ends the worker's sleep, or its next one. Called from any thread.
    void unpark() noexcept { park_.unpark(crew_.seat); }

    Crew& crew() noexcept { return crew_; }
    Deque& queue() noexcept { return queue_; }

  private:
    void run_task(Runnable runnable) noexcept;
    std::optional<Runnable> next_task() noexcept;
    std::optional<Runnable> take_share() noexcept;
    std::optional<Runnable> search() noexcept;
    void look_around();
    void look_again_if(Idle::OnStop order) noexcept;
    void sleep();

    Crew& crew_;
    unsigned const id_;
    unsigned polls_ = 0;
    bool is_searching_ = false;
    bool is_asleep_ = false;
    bool has_slept_ = false;    // and run no task since
    bool has_watched_ = false;  // during its last sleep, to the end
    Task* polled_ = nullptr;    // the task that is being polled
    std::uint32_t random_ = id_ + 1;
    Deque queue_;
    WorkerPark park_;
};

inline Crew::Crew(Scheduler& s, unsigned count) : scheduler(s), idle(count), seat(s.park()) {
    workers.reserve(count);
    for (unsigned id = 0; id < count; ++id) {
        workers.push_back(std::make_unique<Worker>(*this, id));
    }
}

inline void Crew::wake_one() noexcept {
    if (std::optional<unsigned> chosen = idle.choose_sleeper()) {
        workers[*chosen]->unpark();
    }
}

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

inline void Crew::stop() noexcept {
    stopping_.store(true, relaxed);
    for (const std::unique_ptr<Worker>& worker : workers) {
        worker->unpark();
    }
}

inline void Worker::run() {
    RunsFutures runs_futures;
    EnterScheduler entered(crew_.scheduler);
    detail::current_worker = this;
    trace::emit(trace::Kind::thread, nullptr, id_ + 1, "worker");
    while (!crew_.is_stopping()) {
        if (std::optional<Runnable> runnable = next_task()) {
            run_task(std::move(*runnable));
        } else {
            sleep();
        }
    }
    detail::current_worker = nullptr;
}

inline void Worker::run_task(Runnable runnable) noexcept {
    if (is_searching_ || has_slept_) {
        if (is_searching_) {
            is_searching_ = false;
            look_again_if(crew_.idle.end_search());
        }
        has_slept_ = false;
        // Somebody may have left the driver or the watch to us, or we have left it ourselves.
        if (!crew_.is_driver_looked_after()) {
            crew_.wake_one();
        }
    }
    budget::refill();
    polled_ = &runnable.task();
    std::move(runnable).run();
    polled_ = nullptr;
}

inline std::optional<Runnable> Worker::next_task() noexcept {
    if (++polls_ % look_interval == 0) {
        look_around();
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

/// From the injection queue, into our empty one.
inline std::optional<Runnable> Worker::take_share() noexcept {
    TaskQueue more;
    std::optional<Runnable> first = crew_.injection.pop_share(more, crew_.workers.size(), Deque::half);
    if (!more.is_empty()) {
        while (std::optional<Runnable> runnable = more.pop()) {
            queue_.push(std::move(*runnable), crew_.injection);
        }
        queue_.announce();
        crew_.wake_one();  // for a moment these were in no queue, and a searcher may have missed them
    }
    return first;
}

/// From the queues of the others, beginning anywhere.
inline std::optional<Runnable> Worker::search() noexcept {
    if (!is_searching_) {
        if (!crew_.idle.begin_search()) {
            return std::nullopt;
        }
        is_searching_ = true;
    }
    random_ = random_ * 1664525U + 1013904223U;
    std::size_t const count = crew_.workers.size();
    for (std::size_t i = 0, start = random_ >> 16U; i < count; ++i) {
        Worker& victim = *crew_.workers[(start + i) % count];
        std::size_t taken = 0;
        if (&victim == this) {
            continue;
        }
        if (std::optional<Runnable> runnable = queue_.steal_from(victim.queue_, taken)) {
            trace::emit(trace::Kind::steal, this, static_cast<std::int64_t>(taken));
            return runnable;
        }
    }
    return take_share();
}

/// Called while awake: serves timers and I/O, unless somebody lies in the driver.
inline void Worker::look_around() {
    if (crew_.seat.try_take()) {
        crew_.seat.park(no_wait);
        crew_.seat.leave();
        crew_.wake_one_unless_watched(true);  // for a worker that found the seat taken just now, and sleeps elsewhere
    }
}

inline void Worker::look_again_if(Idle::OnStop order) noexcept {
    if (order == Idle::OnStop::look_again && crew_.has_work()) {
        crew_.wake_one();
    }
}

inline void Worker::sleep() {
    look_again_if(crew_.idle.fall_asleep(id_, std::exchange(is_searching_, false)));  // may choose this worker
    is_asleep_ = true;
    if (crew_.idle.awake_count() != 0 && crew_.watch.try_begin()) {
        // The seat is left to whoever works, who will be back in a moment; unless it was empty during a whole watch.
        auto const place = has_watched_ ? WorkerPark::Place::in_driver_if_free : WorkerPark::Place::elsewhere;
        park_.park(crew_.seat, place, sys::now() + Watch::interval);
        crew_.watch.end();
        has_watched_ = true;
    } else {
        park_.park(crew_.seat, WorkerPark::Place::in_driver_if_free, std::nullopt);
        has_watched_ = false;
    }
    is_asleep_ = false;
    has_slept_ = true;
    switch (crew_.idle.wake_up(id_)) {
        case Idle::OnWake::search:
            is_searching_ = true;
            has_watched_ = false;
            break;
        case Idle::OnWake::run:
            if (queue_.size() > 1) {
                crew_.wake_one();  // events of the driver have woken more than one can run
            }
            break;
    }
}

}  // namespace rt
