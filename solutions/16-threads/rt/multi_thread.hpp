/// \file
/// `MultiThread`: a runtime of several threads. Each worker has a queue, and takes from the others' when its own is empty.
///
/// The parts, from the inside out: a worker's queue (deque.hpp), the queue of foreign threads (injection.hpp), who sleeps and
/// who is woken (idle.hpp), when nobody need be (watch.hpp), where they sleep (worker_park.hpp), what a worker does
/// (worker.hpp). This is what is left: how tasks get in, and how it ends.
///
/// Who may touch what: a task is polled by the worker that holds its Runnable, and there is one Runnable (lesson 09); it goes
/// from thread to thread through queues, and each hand-over is a release and an acquire. So tasks need no locks for what
/// is theirs alone, but they may be polled on another thread each time: they must be Send (send.hpp).
///
/// Fairness: if every poll returns, each queue is first in, first out, and each worker looks into the injection queue and at
/// the driver after at most `Worker::look_interval` polls.
///
/// The end, in this order: the workers are stopped and joined; all tasks are aborted; the destroying thread runs what is in
/// the queues, which now means to destroy it, until the list is empty. A foreign thread may be on its way with a Runnable
/// still: that task is waited for, and then that no thread is left inside of `schedule`. Then the services go.
///
/// Source of the idea: Tokio's `multi_thread` scheduler.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/shared_task_list.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/worker.hpp>

#include <cstddef>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

namespace rt {

class MultiThread final : OwnPark, public Scheduler {
  public:
    /// Starts the workers: as many as the machine runs at once, if not said otherwise. Throws `std::system_error` if the
    /// system has no thread left.
    explicit MultiThread(unsigned workers = available_parallelism())
        : Scheduler(&thread_park()), crew_(*this, at_least_one(workers)) {
        start();
    }

    /// Stops the workers, destroys all tasks, on this thread, then the services. Called by ordinary code, when no thread is
    /// inside of `block_on`.
    ~MultiThread() { shut_down(); }

    /// Runs `future` on the calling thread, while the workers run the tasks; returns its output or throws what it threw. Called
    /// from ordinary code, by as many threads at once as like to. `future` need not be Send: it stays on its thread.
    template <Future F>
    OutputOf<F> block_on(F future) {
        EnterScheduler entered(*this);
        LiftBudget lift_budget;
        return rt::block_on(MainFuture<F>(std::move(future)));
    }

    /// Starts `future` as a task. Called from any thread; inside of this runtime, `rt::spawn` says the same.
    template <Future F>
    JoinHandle<OutputOf<F>> spawn(F future, std::source_location where = std::source_location::current()) {
        static_assert(is_send<F>,
                      "MultiThread::spawn: this future is bound to its thread (ThreadBound), and tasks here are not");
        return Scheduler::spawn(std::move(future), where);
    }

    /// Queues a woken task. Called by wakers, on any thread.
    void schedule(Runnable runnable) noexcept override {
        trace::note(trace::Kind::queue, &runnable.task());
        Worker* worker = detail::current_worker;
        if (worker != nullptr && &worker->crew() == &crew_) {
            worker->schedule(std::move(runnable));
            return;
        }
        inside_schedule_.fetch_add(1, relaxed);
        crew_.injection.push(std::move(runnable));
        // Push, then look; the destructor sets this, then looks.
        if (closing_.load(seq_cst)) {
            closing_park_.unpark();
        } else {
            crew_.wake_one();
        }
        inside_schedule_.fetch_sub(1, release);
    }

    void finished(Task& task) noexcept override { tasks_.remove(task); }
    bool is_multi_threaded() const noexcept override { return true; }

    /// How many threads run tasks.
    std::size_t worker_count() const noexcept { return crew_.workers.size(); }
    /// How many workers sleep until someone wakes them; one that keeps watch (watch.hpp) does not. A moment ago, if others
    /// are at work. Called by tests and by whoever shows statistics.
    std::size_t asleep_count() const noexcept {
        std::size_t const resting = worker_count() - crew_.idle.awake_count();
        return crew_.watch.is_kept() && resting != 0 ? resting - 1 : resting;
    }
    /// How many tasks are not over. Called by tests and by whoever shows statistics.
    std::size_t task_count() const noexcept { return tasks_.size(); }

  private:
    /// The future of `block_on`: no task, but it has a budget as a task has.
    template <Future F>
    class MainFuture {
      public:
        using Output = OutputOf<F>;

        explicit MainFuture(F future) : future_(std::move(future)) {}
        Poll<Output> poll(Context& cx) {
            budget::refill();
            trace::PartPoll announced(this, "block_on");
            Poll<Output> poll = future_.poll(cx);
            announced.ended(poll.is_ready());
            return poll;
        }

      private:
        F future_;
    };

    class LiftBudget {
      public:
        LiftBudget() = default;
        LiftBudget(const LiftBudget&) = delete;
        LiftBudget& operator=(const LiftBudget&) = delete;
        ~LiftBudget() { budget::lift(); }
    };

    static unsigned at_least_one(unsigned workers) noexcept {
        if (workers == 0) {
            violation("a runtime with no worker would never run a task: give MultiThread at least one");
        }
        return workers;
    }

    void launch(Runnable runnable) noexcept override {
        if (tasks_.insert(runnable.task()) == SharedTaskList::OnInsert::schedule) {
            schedule(std::move(runnable));
        }
        // Else the Runnable is dropped here: the task ends as cancelled, and leaves the list.
    }

    void start() {
        threads_.reserve(crew_.workers.size());
        try {
            for (const auto& worker : crew_.workers) {
                threads_.emplace_back([&worker = *worker] { worker.run(); });
            }
        } catch (...) {
            stop_workers();
            throw;
        }
    }

    void stop_workers() noexcept {
        crew_.stop();
        for (Thread& thread : threads_) {
            thread.join();
        }
    }

    void shut_down() noexcept {
        if (detail::runs_futures) {
            violation(
                "a MultiThread was destroyed inside of a future: that waits for the workers, and would stop every other "
                "task of this thread; let ordinary code own it");
        }
        stop_workers();
        {
            RunsFutures runs_futures;
            EnterScheduler entered(*this);
            closing_.store(true, seq_cst);
            tasks_.close_and_abort_all();
            run_what_is_left();
            while (tasks_.size() != 0) {
                closing_park_.park(std::nullopt);
                run_what_is_left();
            }
            while (inside_schedule_.load(acquire) != 0) {
                yield_thread();
            }
        }
        close_services();
    }

    /// All are aborted: to run them is to destroy their futures, whose destructors may wake and spawn.
    void run_what_is_left() noexcept {
        for (const auto& worker : crew_.workers) {
            while (std::optional<Runnable> runnable = worker->queue().pop()) {
                std::move(*runnable).run();
            }
        }
        while (std::optional<Runnable> runnable = crew_.injection.pop()) {
            std::move(*runnable).run();
        }
    }

    SharedTaskList tasks_;
    Crew crew_;
    std::vector<Thread> threads_;

    Atomic<int> inside_schedule_{0};
    Atomic<bool> closing_{false};
    ThreadPark closing_park_;  // where the destructor waits for a foreign thread's Runnable
};

}  // namespace rt
