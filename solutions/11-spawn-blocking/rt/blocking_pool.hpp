/// \file
/// `BlockingPool`: the threads of a runtime on which code may block.
///
/// A job is a task (lesson 09) whose Schedule is this pool, and whose first poll is its last. If an idle thread is
/// free, it runs a new job. Otherwise a new thread does, if the pool may have more. Otherwise the job waits, because
/// each thread that works looks into the queue before it becomes idle.
///
/// Invariant: if jobs wait, then as many threads are on their way to the queue, or the pool can't have more threads. A
/// thread is on its way when it was started, or when it was idle and has been notified.
///
/// A thread ends when it was idle for `idle_time`. It can't join itself. So it moves its Thread to `left_`, and joins
/// the Thread that was there before. The destructor joins the last one, and the threads that are still in the list.
///
/// Thread safety: `mutex_` protects everything but the jobs that run.
///
/// Source: Tokio's `runtime/blocking/pool.rs`.
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
#include <functional>
#include <list>
#include <optional>
#include <utility>

namespace rt {

// Given: how a pool behaves. See `BlockingPool::set_options`.
class BlockingOptions {
  public:
    BlockingOptions() = default;

    /// The pool has at most so many threads. Must be at least 1. Jobs that find no thread wait.
    std::size_t max_threads = 512;
    /// How long a thread waits for its next job before it ends.
    std::chrono::nanoseconds idle_time = std::chrono::seconds(10);
    /// Makes a thread that runs `body`, or throws. Must not call the pool. Replace it to name or count threads.
    std::function<Thread(std::function<void()> body)> start_thread = [](std::function<void()> body) {
        return Thread(std::move(body));
    };
};

/// A service of the runtime. The first `spawn_blocking` makes it.
class BlockingPool final : public Schedule {
  public:
    explicit BlockingPool(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

    /// Drops the jobs that wait, so their handles throw Cancelled. Waits for the jobs that run, and for all threads.
    ~BlockingPool() {
        Lock lock(mutex_);
        closing_ = true;
        TaskQueue dropped(std::move(queue_));
        lock.unlock();  // before the jobs go, because a destructor in a job may call the pool
        while (dropped.pop()) {}
        work_came_.notify_all();
        for (Thread& thread : threads_) {
            thread.join();
        }
        if (left_.joinable()) {
            left_.join();
        }
    }

    // Given: called before the first job: `rt::current().service<BlockingPool>().set_options(options)`.
    void set_options(BlockingOptions options) {
        if (options.max_threads == 0) {
            violation("BlockingPool::set_options was called with max_threads = 0. Set it to 1 or more.");
        }
        Lock lock(mutex_);
        options_ = std::move(options);
    }

    /// Lets a thread run `job`, after the jobs that wait already. Throws a std::system_error if the pool has no thread
    /// and can't start one. Called by spawn_blocking, from any thread.
    void submit(Runnable job) {
        Lock lock(mutex_);
        // An idle thread that was notified for an earlier job still counts as idle until it takes that job.
        const bool has_idle_thread = idle_ > queue_.size();
        if (!has_idle_thread && threads_.size() < options_.max_threads) {
            start_thread();
        }
        enqueue(std::move(job));
        lock.unlock();  // else the thread that is notified would wait for the lock
        if (has_idle_thread) {
            work_came_.notify_one();
        }
    }

    /// How many threads wait for work. Called by tests and statistics.
    std::size_t idle_count() const noexcept {
        Lock lock(mutex_);
        return idle_;
    }

  private:
    using Threads = std::list<Thread>;

    /// Never called, because a job never sleeps, so nothing can wake it. Call `submit`.
    void schedule(Runnable job) noexcept override { submit(std::move(job)); }

    /// Returns the oldest job, and waits for one if there is none. Returns nothing if the thread must end, because the
    /// pool closes or no job came until `idle_deadline()`.
    std::optional<Runnable> next_job(Lock& lock) noexcept {
        ++idle_;
        work_came_.wait_until(lock, idle_deadline(), [this] { return closing_ || !queue_.is_empty(); });
        --idle_;
        return queue_.pop();
    }

    // Given: puts the job into the queue, and counts it as work outside of the runtime until the job has ended. Lesson
    // 14 needs the count.
    void enqueue(Runnable job) noexcept {
        scheduler_.begin_outside_work();
        trace::note(trace::Kind::queue, &job.task());
        queue_.push(std::move(job));
    }

    // Given: the time until which a thread that becomes idle now waits. It is never beyond the end of the clock.
    Instant idle_deadline() const noexcept {
        const Instant now = sys::now();
        return now + std::min<Instant::duration>(options_.idle_time, Instant::max() - now);
    }

    // Given: starts a thread, which waits for the lock that the caller holds. If the system can't start one, throws
    // only if the pool has no other.
    void start_thread() {
        const Threads::iterator self = threads_.emplace(threads_.end());
        try {
            *self = options_.start_thread([this, self] { work(self); });
        } catch (...) {
            threads_.erase(self);
            if (threads_.empty()) {
                throw;
            }
        }
    }

    void work(Threads::iterator self) noexcept {
        detail::serves_blocking = &scheduler_;
        trace::emit(trace::Kind::thread, nullptr, 0, "blocking thread");
        Lock lock(mutex_);
        while (std::optional<Runnable> job = next_job(lock)) {
            lock.unlock();
            trace::emit(trace::Kind::blocking_run, &job->task());
            std::move(*job).run();
            // The run has woken the task that awaits the job, so the runtime has work of its own now.
            scheduler_.end_outside_work();
            lock.lock();
            look_briefly(lock);
        }
        if (closing_) {
            return;  // the destructor joins all threads in the list
        }
        Thread left_before = std::exchange(left_, std::move(*self));
        threads_.erase(self);
        lock.unlock();
        if (left_before.joinable()) {
            left_before.join();
        }
    }

    // Given: looks for a job a few times. A task often submits its next job at once, and a look costs less than sleep.
    void look_briefly(Lock& lock) noexcept {
        ++idle_;
        for (int looks = 0; looks < 20 && queue_.is_empty() && !closing_; ++looks) {
            lock.unlock();
            yield_thread();
            lock.lock();
        }
        --idle_;
    }

    Scheduler& scheduler_;
    mutable Mutex mutex_;
    Condvar work_came_;
    BlockingOptions options_;
    TaskQueue queue_;
    Threads threads_;
    Thread left_;           // the last one that ended
    std::size_t idle_ = 0;  // threads that wait
    bool closing_ = false;
};

}  // namespace rt
