/// \file
/// `BlockingPool`: the threads of a runtime that may stand still, for work that blocks.
///
/// A job is a task (lesson 09) whose schedule is this pool, and whose first poll is its last. So its result, its
/// exception or its cancellation come home the way every task's do: stored first, then the handle is woken.
///
/// Everything but the jobs themselves is under `mutex_`. Who is woken or started, when a job comes in:
///
///   a thread is idle           it is taken off the count of idle ones, and one thread is notified: so the next job,
///                              which may come before that thread has opened its eyes, looks for another
///   none is, but there may be  a new thread is started, under the lock: it cannot leave before it is in the list
///   more
///   neither                    every thread is at work, and looks into the queue before it becomes idle
///
/// The notification is sent outside of the lock, or its receiver would wake only to wait for that.
///
/// A thread leaves when it was idle for `idle_time`. It cannot join itself: it leaves its Thread behind in `left_`, and
/// joins the one that lay there. So at the end one is left, and the destructor joins it with those that are still in
/// the pool.
///
/// Source of the idea: Tokio's `runtime/blocking/pool.rs`.
#pragma once

#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <optional>
#include <utility>

namespace rt {

/// How a pool behaves; see `BlockingPool::set_options`.
class BlockingOptions {
  public:
    BlockingOptions() = default;

    /// Threads at most; the jobs beyond wait. At least 1.
    std::size_t max_threads = 512;
    /// How long a thread waits for its next job before it leaves.
    std::chrono::nanoseconds idle_time = std::chrono::seconds(10);
    /// Makes a thread that runs `body`, or throws. For whoever names threads, or counts them; must not call the pool.
    std::function<Thread(std::function<void()> body)> start_thread = [](std::function<void()> body) {
        return Thread(std::move(body));
    };
};

/// The service; made by the first spawn_blocking.
class BlockingPool final : public Schedule {
  public:
    /// Called by `Scheduler::service`.
    explicit BlockingPool(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}
    BlockingPool(const BlockingPool&) = delete;
    BlockingPool& operator=(const BlockingPool&) = delete;

    /// Waits for the jobs that run, and for all threads. Jobs that still wait are dropped: their handles get Cancelled.
    ~BlockingPool() { shut_down(); }

    /// Called before the first job. `rt::current().service<BlockingPool>().set_options(…)`
    void set_options(BlockingOptions options) {
        if (options.max_threads == 0) {
            violation("a blocking pool needs at least one thread: set max_threads to 1 or more");
        }
        Lock lock(mutex_);
        options_ = std::move(options);
    }

    /// Lets a thread run `job`, behind those that wait already. If there is no thread and none can be started, leaves
    /// the job alone and returns why. Called by spawn_blocking, on any thread.
    std::exception_ptr submit(Runnable& job) noexcept;

    /// A wake of a job; none is to be expected, since a job never waits.
    void schedule(Runnable job) noexcept override { submit(job); }

    /// How many threads there are, at work or idle. Called by tests and by whoever shows statistics.
    std::size_t thread_count() const noexcept {
        Lock lock(mutex_);
        return threads_.size();
    }
    /// How many threads wait for work.
    std::size_t idle_count() const noexcept {
        Lock lock(mutex_);
        return idle_;
    }
    /// How many jobs wait for a thread.
    std::size_t queued_count() const noexcept {
        Lock lock(mutex_);
        return queue_.size();
    }

  private:
    using Threads = std::list<Thread>;

    static constexpr int looks_before_sleep = 20;  // some microseconds: as long as it takes to fall asleep and be woken

    void start_thread();
    void work(Threads::iterator self) noexcept;
    std::optional<Runnable> next_job(Lock& lock) noexcept;
    bool wait_for_work(Lock& lock) noexcept;
    void shut_down() noexcept;

    Scheduler& scheduler_;
    mutable Mutex mutex_;
    Condvar work_came_;
    BlockingOptions options_;
    TaskQueue queue_;
    Threads threads_;
    Thread left_;               // the last that went
    std::size_t idle_ = 0;      // threads that wait and are not notified
    std::size_t notified_ = 0;  // threads that were notified and have not yet seen it
    bool closing_ = false;
};

inline std::exception_ptr BlockingPool::submit(Runnable& job) noexcept {
    scheduler_.begin_outside_work();
    std::exception_ptr refusal;
    bool notifies = false;
    {
        Lock lock(mutex_);
        if (idle_ != 0) {
            --idle_;
            ++notified_;
            notifies = true;
        } else if (threads_.size() < options_.max_threads) {
            try {
                start_thread();
            } catch (...) {
                // One thread is enough: it is at work, and will look into the queue before it becomes idle.
                if (threads_.empty()) {
                    refusal = std::current_exception();
                }
            }
        }
        if (!refusal) {
            trace::note(trace::Kind::queue, &job.task());
            queue_.push(std::move(job));
        }
    }
    if (notifies) {
        work_came_.notify_one();
    }
    if (refusal) {
        scheduler_.end_outside_work();
    }
    return refusal;
}

/// Called under the lock, which the new thread needs before it does anything.
inline void BlockingPool::start_thread() {
    const Threads::iterator self = threads_.emplace(threads_.end());
    try {
        *self = options_.start_thread([this, self] { work(self); });
    } catch (...) {
        threads_.erase(self);
        throw;
    }
}

/// The life of a thread.
inline void BlockingPool::work(Threads::iterator self) noexcept {
    trace::emit(trace::Kind::thread, nullptr, 0, "blocking thread");
    Lock lock(mutex_);
    while (std::optional<Runnable> job = next_job(lock)) {
        lock.unlock();
        trace::emit(trace::Kind::blocking_run, &job->task());
        std::move(*job).run();
        // Only now: the waiting task is queued already, so a paused clock (lesson 14) does not jump before it runs.
        scheduler_.end_outside_work();
        lock.lock();
    }
    if (closing_) {
        return;  // the destructor joins all that are in the list
    }
    Thread left_before = std::exchange(left_, std::move(*self));
    threads_.erase(self);
    lock.unlock();
    if (left_before.joinable()) {
        left_before.join();
    }
}

/// The oldest job, or nothing if the thread is to end.
inline std::optional<Runnable> BlockingPool::next_job(Lock& lock) noexcept {
    do {
        if (closing_) {
            return std::nullopt;
        }
        if (std::optional<Runnable> job = queue_.pop()) {
            return job;
        }
    } while (wait_for_work(lock));
    return std::nullopt;
}

/// Idles; false if nothing came for so long that the thread is to leave.
inline bool BlockingPool::wait_for_work(Lock& lock) noexcept {
    const Instant now = sys::now();
    const Instant leaves_at = now + std::min<Instant::duration>(options_.idle_time, Instant::max() - now);
    ++idle_;
    // The next job often comes at once: who awaited the last one is just waking up. A few looks cost less than a sleep.
    for (int looks = 0; looks < looks_before_sleep && notified_ == 0 && !closing_; ++looks) {
        lock.unlock();
        yield_thread();
        lock.lock();
    }
    while (notified_ == 0 && !closing_) {
        const bool too_long = work_came_.wait_until(lock, leaves_at) == CondvarStatus::timeout;
        if (too_long && notified_ == 0 && !closing_) {
            --idle_;
            return false;
        }
    }
    if (notified_ != 0) {
        --notified_;  // whoever notified has taken one off idle_; which of us sees it does not matter
    }
    return true;
}

inline void BlockingPool::shut_down() noexcept {
    {
        TaskQueue dropped;
        Lock lock(mutex_);
        closing_ = true;
        dropped.append(queue_);
        lock.unlock();  // a job that goes may take with it what comes back for the lock
    }
    work_came_.notify_all();
    for (Thread& thread : threads_) {
        thread.join();
    }
    if (left_.joinable()) {
        left_.join();
    }
}

}  // namespace rt
