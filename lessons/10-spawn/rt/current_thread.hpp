/// \file
/// `CurrentThread`: a runtime on the thread that made it. It is a queue of tasks over a Park.
///
/// Fairness: tasks are polled in the order in which they became ready, and the future of `block_on` is polled before
/// them if it was woken. After at most `look_interval` polls the runtime takes in the tasks that other threads have
/// woken, and lets the Park serve timers and I/O. So if every poll returns, nothing waits forever.
///
/// Thread safety: any thread may call `schedule`. Everything else belongs to the thread that made the runtime. Another
/// thread leaves its Runnable in `remote_` under the lock, and unparks after it has released the lock, because the
/// owner takes the lock as soon as it wakes up. The owner looks into `remote_` before it sleeps. If a Runnable comes
/// later, its unpark leaves a token in the Park. The destructor waits until no other thread is in `schedule`.
///
/// Source: Tokio's `current_thread` scheduler.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/main_waker.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/spawn.hpp>  // for files that use a runtime and spawn
#include <rt/sync.hpp>
#include <rt/task_list.hpp>
#include <rt/todo.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace rt {

class CurrentThread final : public Scheduler {
  public:
    /// Polls between two looks at timers and I/O.
    static constexpr unsigned look_interval = 61;

    CurrentThread() = default;
    /// Sleeps in `base`, which must outlive the runtime.
    explicit CurrentThread(Park& base) : Scheduler(base) {}

    /// Destroys all tasks, on this thread, and then the services.
    ~CurrentThread() {
        require_may_close("CurrentThread");
        {
            Entered entered = enter();
            closing_ = true;
            main_flag_.take_wake();  // so that `is_idle` depends on tasks only
            // A task that is aborted destroys its future when it is run. The task may not be in the queue yet, because
            // another thread is about to schedule it. That thread ends the sleep.
            if (!tasks_.is_empty()) {
                // TODO(10.3) Ask all tasks to end, and run them until the list of tasks is empty.
                todo("10.3 end all tasks");
            }
            while (in_schedule_.load(acquire) != 0) {
                yield_thread();  // another thread has handed over the last task, and is about to unpark
            }
        }
        main_flag_.runtime_has_gone();
        close_services();
    }

    /// Runs `future` and the tasks until `future` is done. Returns its output, or throws what it threw. The tasks that
    /// are left go on in the next `block_on`.
    template <Future F>
    OutputOf<F> block_on(F future) {
        Entered entered = enter();
        F main(std::move(future));  // so that the future is destroyed while this runtime is the current one
        Context cx(main_waker_);
        main_waker_.wake_by_ref();
        for (;;) {
            // TODO(10.1) If main was woken (`main_flag_`), poll it, and return its value if it is Ready. Run the tasks then,
            // also if main was not woken.
            todo("10.1 poll main if it was woken, and run the tasks", cx);
            if (is_idle() || polls_ >= look_interval) {
                look_around();
            }
        }
    }

    // Given: for a foreign event loop (lesson 19), which calls it when the runtime was unparked or a timer is due.
    /// Polls at most `look_interval` ready tasks, and looks at timers and I/O. True if more tasks are ready.
    bool turn() {
        bound_.require_own_thread("CurrentThread::turn");
        RunsFutures runs_futures(
            "CurrentThread::turn was called inside a future. Call it only from the foreign event loop.");
        EnterScheduler entered(*this);
        run_tasks();
        polls_ = 0;
        park().park(no_wait);
        return has_ready_tasks();
    }

    void schedule(Runnable runnable) noexcept override {
        trace::note(trace::Kind::queue, &runnable.task());
        if (detail::current_scheduler == this) {
            queue_.push(std::move(runnable));
            return;
        }
        in_schedule_.fetch_add(1, relaxed);
        // TODO(10.2) Hand the Runnable to the owner through `remote_`, and set `has_remote_`. End the owner's sleep.
        todo("10.2 hand a Runnable to the runtime's thread");
        in_schedule_.fetch_sub(1, release);
    }

    void finished(Task& task) noexcept override { tasks_.remove(task); }
    bool is_multi_threaded() const noexcept override { return false; }
    bool is_idle() const noexcept override { return !has_ready_tasks() && !main_flag_.is_woken(); }

    /// How many tasks have not ended. Called by tests and statistics.
    std::size_t task_count() const noexcept { return tasks_.size(); }

  private:
    struct Entered {
        RunsFutures runs_futures;
        EnterScheduler scheduler;
    };

    /// Makes this runtime the current one of its thread. Ends the program on a wrong thread, or inside of a future.
    Entered enter() noexcept {
        bound_.require_own_thread("CurrentThread");
        return {RunsFutures(), EnterScheduler(*this)};
    }

    /// Called by `spawn`. A task that is spawned during the shutdown ends at once, because its Runnable is destroyed.
    void launch(Runnable runnable) noexcept override {
        bound_.require_own_thread("CurrentThread::spawn");
        // TODO(10.1) Put the task into the list of tasks, in every case. Then schedule its Runnable. But during the
        // shutdown (`closing_`), drop the Runnable instead, which ends the task.
        todo("10.1 list the new task, and schedule it", runnable);
    }

    /// Polls tasks until none is ready, or until `polls_` has reached `look_interval`.
    void run_tasks() noexcept {
        if (has_remote_.load(relaxed)) {
            // TODO(10.2) Take over the tasks of `remote_`, which other threads have woken, and clear `has_remote_`.
            todo("10.2 take over what other threads have woken");
        }
        // TODO(10.1) Run the tasks of the queue in order, also those that come meanwhile, each after `begin_poll`. Stop when
        // none is left, or when `polls_` has reached `look_interval`.
        todo("10.1 run the tasks of the queue");
    }

    bool has_ready_tasks() const noexcept { return !queue_.is_empty() || has_remote_.load(relaxed); }

    /// Lets the Park serve timers and I/O. Sleeps there if nothing is ready.
    void look_around() {
        polls_ = 0;
        // TODO(10.2) If nothing is ready, let the Park sleep until it is unparked. Otherwise let it look with the
        // deadline `no_wait`, which doesn't sleep.
        todo("10.2 sleep, or only look");
    }

    /// Counts a poll, and gives it a fresh budget.
    void begin_poll() noexcept {
        ++polls_;
        budget::refill();
    }

    // Given: polls the future of `block_on` once, announces the poll, and checks that a Pending future kept a waker.
    template <Future F>
    Poll<OutputOf<F>> poll_main(F& main, Context& cx) {
        begin_poll();
        trace::PartPoll announced(&main, "block_on");
        Poll<OutputOf<F>> poll = main.poll(cx);
        announced.ended(poll.is_ready());
        if (checks_enabled && poll.is_pending()) {
            main_flag_.expect_a_wake();
        }
        return poll;
    }

    ThreadBound bound_;
    TaskQueue queue_;     // of ready tasks
    TaskList tasks_;      // that have not ended
    unsigned polls_ = 0;  // since the last look around
    bool closing_ = false;
    MainWaker& main_flag_ = *new MainWaker(park());  // exists as long as its wakers
    const Waker main_waker_ = main_flag_.first_waker();

    Mutex remote_mutex_;
    TaskQueue remote_;                // woken by other threads, under remote_mutex_
    Atomic<bool> has_remote_{false};  // changed under the lock, and read without it to save the lock
    Atomic<int> in_schedule_{0};      // other threads that are in `schedule`
};

}  // namespace rt
