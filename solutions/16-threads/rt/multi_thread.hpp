/// Given: the runtime around the workers. You use `block_on` and `spawn`. `schedule` shows how a task is queued.
/// \file
/// `MultiThread`: a runtime of several threads. Each worker has a queue, and takes from the others' when its own is empty.
///
/// Thread safety: a task is polled by the worker that holds its Runnable, and there is one Runnable (lesson 09). It goes from
/// thread to thread through queues, and each hand-over is a release and an acquire. So a task needs no lock for what only it
/// uses. But each poll may be on another thread, so a task must be Send (send.hpp).
///
/// Source: Tokio's `multi_thread` scheduler.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/crew.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/spawn.hpp>  // for files that use a runtime and spawn
#include <rt/sync.hpp>
#include <rt/sys_process.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/worker.hpp>

#include <cstddef>
#include <source_location>
#include <utility>
#include <vector>

namespace rt {

class MultiThread final : public Scheduler {
  public:
    /// Starts `workers` threads, by default as many as the machine runs at once. Throws `std::system_error` if the system has
    /// no thread left.
    explicit MultiThread(unsigned workers = available_parallelism()) : crew_(*this, workers) {
        if (workers == 0) {
            violation("MultiThread was made with 0 workers. Give it at least one.");
        }
        threads_.reserve(workers);
        try {
            for (unsigned id = 0; id < workers; ++id) {
                threads_.emplace_back([this, id] { Worker(crew_, id).run(); });
            }
        } catch (...) {
            stop_workers();
            throw;
        }
    }

    /// Stops the workers, destroys all tasks on this thread, and then the services. Called by ordinary code, when no thread is
    /// inside `block_on`.
    ~MultiThread() {
        require_may_close("MultiThread");
        stop_workers();
        {
            RunsFutures runs_futures;
            EnterScheduler entered(*this);
            {
                Lock lock(tasks_mutex_);
                is_closed_ = true;
                tasks_.abort_all();
            }
            do {  // drop the Runnables, which destroys the futures. Their destructors may wake and spawn
                for (Remote& remote : crew_.remotes) {
                    while (remote.queue.pop()) {}
                }
                while (crew_.injection.pop()) {}
                yield_thread();  // another thread may be a few instructions away from its push
            } while (task_count() != 0);
        }
        close_services();
    }

    /// Runs `future` on the calling thread while the workers run the tasks. Returns its output or throws what it threw. Called
    /// from ordinary code, by several threads at once if they like. `future` stays on its thread, so it need not be Send.
    template <Future F>
    OutputOf<F> block_on(F future) {
        EnterScheduler entered(*this);
        F main(std::move(future));  // so that the future is destroyed while this runtime is the current one
        auto poll_main = [&main](Context& cx) {
            budget::refill();
            trace::PartPoll announced(&main, "block_on");
            Poll<OutputOf<F>> poll = main.poll(cx);
            announced.ended(poll.is_ready());
            return poll;
        };
        return rt::block_on(poll_fn(poll_main));
    }

    /// Starts `future` as a task. Called from any thread. Inside this runtime, `rt::spawn` does the same.
    template <Future F>
    JoinHandle<OutputOf<F>> spawn(F future, std::source_location where = std::source_location::current()) {
        static_assert(
            is_send<F>,
            "MultiThread::spawn: this future is bound to its thread (ThreadBound), but tasks change threads here. Use "
            "a current_thread runtime and spawn_local.");
        return Scheduler::spawn(std::move(future), where);
    }

    void schedule(Runnable runnable) noexcept override {
        trace::note(trace::Kind::queue, &runnable.task());
        if (Worker* worker = Worker::current; worker != nullptr && &worker->crew() == &crew_) {
            worker->schedule(std::move(runnable));
            return;
        }
        crew_.injection.push(std::move(runnable), [this] { crew_.wake_one(); });
    }

    void finished(Task& task) noexcept override {
        Lock lock(tasks_mutex_);
        tasks_.remove(task);
    }
    bool is_multi_threaded() const noexcept override { return true; }

    std::size_t worker_count() const noexcept { return crew_.remotes.size(); }
    /// True if all workers sleep until another thread wakes them. Called by tests.
    bool is_asleep() const noexcept { return crew_.idle.awake_count() == 0 && !crew_.monitor_lock.is_locked(); }
    /// How many tasks have not ended. Called by tests and by statistics.
    std::size_t task_count() const noexcept {
        Lock lock(tasks_mutex_);
        return tasks_.size();
    }

  private:
    void launch(Runnable runnable) noexcept override {
        Lock lock(tasks_mutex_);
        tasks_.insert(runnable.task());
        bool const is_closed = is_closed_;
        lock.unlock();
        if (!is_closed) {
            schedule(std::move(runnable));
        }
        // Otherwise the Runnable is dropped here, so the task ends as cancelled and leaves the list.
    }

    void stop_workers() noexcept {
        crew_.stop();
        for (Thread& thread : threads_) {
            thread.join();
        }
    }

    mutable Mutex tasks_mutex_;
    TaskList tasks_;          // those that have not ended; under tasks_mutex_
    bool is_closed_ = false;  // under tasks_mutex_: no new task may run

    Crew crew_;
    std::vector<Thread> threads_;
};

}  // namespace rt
