/// \file
/// `CurrentThread`: a runtime on the thread that made it. A queue of tasks over a Park.
///
/// `block_on` is `turn` and `park` in a loop. A turn polls the tasks that are ready, in the order in which they became so;
/// after every `look_interval` polls it lets the Park look around for timers and I/O, without sleeping.
///
/// Fairness, as a promise: if every poll returns, a woken task is polled after at most as many other polls as there were
/// tasks in the queue when it was woken, and an event of the kernel or a timer is seen after at most `look_interval` polls. (What
/// another thread wakes comes into the queue after 32 polls at most.)
///
/// Threads: everything here belongs to the owner's thread, except `schedule` and `unpark`, which any thread may call. A wake
/// from elsewhere goes into `remote_`, under a lock, and unparks. The owner looks into `remote_` before it sleeps; a push
/// that comes later leaves the token. At the end, a foreign thread may still be on its way with a Runnable: the
/// destructor waits for that task, and then until no thread is left inside of `schedule`.
///
/// Source of the idea: Tokio's `current_thread` scheduler.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/main_waker.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace rt {

class CurrentThread final : OwnPark, public Scheduler {
  public:
    /// Polls between two looks at timers and I/O.
    static constexpr unsigned look_interval = 61;

    /// Sleeps on a condition variable, until a service brings a better way.
    CurrentThread() : Scheduler(&thread_park()), main_waker_(MainWaker::make(park())) {}
    /// Sleeps in `base`, which must outlive the runtime.
    explicit CurrentThread(Park& base) : Scheduler(&base), main_waker_(MainWaker::make(park())) {}

    /// Destroys all tasks, on this thread, then the services.
    ~CurrentThread() { shut_down(); }

    /// Runs `future`, and the tasks it spawns, until `future` is done; returns its output or throws what it threw. The other
    /// tasks stand still until the next `block_on`, or end with the runtime. Called on the thread that made the runtime.
    template <Future F>
    OutputOf<F> block_on(F future);

    /// Polls tasks that are ready, `look_interval` at most, then looks around; true if more are ready by now. Called by a
    /// foreign event loop that drives this runtime: when it was unparked, and when its Park's deadline has come.
    bool turn() {
        Entered entered(*this);
        run_tasks();
        look_around();
        return has_ready_tasks();
    }

    /// Queues a woken task. Called by wakers, on any thread.
    void schedule(Runnable runnable) noexcept override {
        trace::note(trace::Kind::queue, &runnable.task());
        if (detail::current_scheduler == this) {
            queue_.push(std::move(runnable));
            return;
        }
        inside_schedule_.fetch_add(1, relaxed);
        {
            Lock lock(remote_mutex_);
            remote_.push(std::move(runnable));
            has_remote_.store(true, relaxed);
        }
        park().unpark();
        inside_schedule_.fetch_sub(1, release);
    }

    void finished(Task& task) noexcept override { tasks_.remove(task); }
    bool is_multi_threaded() const noexcept override { return false; }
    bool is_idle() const noexcept override { return !has_ready_tasks() && !main_waker_->is_woken(); }

    /// How many tasks are not over. Called by tests and by whoever shows statistics.
    std::size_t task_count() const noexcept { return tasks_.size(); }

  private:
    /// What is true on a thread while it runs this runtime's futures.
    class Entered {
      public:
        explicit Entered(CurrentThread& runtime) noexcept : scheduler_(runtime) {
            runtime.bound_.require_own_thread("CurrentThread");
        }
        Entered(const Entered&) = delete;
        Entered& operator=(const Entered&) = delete;
        ~Entered() { budget::lift(); }

      private:
        RunsFutures runs_futures_;
        EnterScheduler scheduler_;
    };

    void launch(Runnable runnable) noexcept override {
        bound_.require_own_thread("CurrentThread::spawn");
        tasks_.insert(runnable.task());
        if (!closing_) {
            schedule(std::move(runnable));
        }
        // Else the Runnable is dropped here: the task ends as cancelled, and leaves the list.
    }

    template <Future F>
    static Poll<OutputOf<F>> poll_main(F& main, Context& cx) {
        trace::PartPoll announced(&main, "block_on");
        Poll<OutputOf<F>> poll = main.poll(cx);
        announced.ended(poll.is_ready());
        return poll;
    }

    /// Polls what is ready, until nothing is or it is time to look around.
    void run_tasks() noexcept {
        while (polls_ < look_interval) {
            std::optional<Runnable> runnable = next_task();
            if (!runnable) {
                return;
            }
            ++polls_;
            budget::refill();
            std::move(*runnable).run();
        }
    }

    std::optional<Runnable> next_task() noexcept {
        // The queue of other threads is looked at in fixed intervals too: a full queue of our own must not starve it.
        if (queue_.is_empty() || polls_ % 32 == 0) {
            take_remote();
        }
        return queue_.pop();
    }

    void take_remote() noexcept {
        if (has_remote_.load(relaxed)) {
            Lock lock(remote_mutex_);
            queue_.append(remote_);
            has_remote_.store(false, relaxed);
        }
    }

    bool has_ready_tasks() const noexcept { return !queue_.is_empty() || has_remote_.load(relaxed); }

    void look_around() {
        polls_ = 0;
        park().park(no_wait);
    }

    /// Sleeps if nothing is ready; a remote push since then has left the token.
    void sleep() {
        polls_ = 0;
        park().park(has_ready_tasks() ? std::optional(no_wait) : std::nullopt);
    }

    void shut_down() noexcept {
        {
            Entered entered(*this);
            closing_ = true;
            tasks_.abort_all();
            while (!tasks_.is_empty()) {
                run_tasks();
                if (!tasks_.is_empty()) {
                    sleep();
                }
            }
            while (inside_schedule_.load(acquire) != 0) {
                yield_thread();
            }
        }
        main_waker_->runtime_has_gone();
        close_services();
    }

    ThreadBound bound_;
    TaskQueue queue_;  // ready, in order
    TaskList tasks_;   // all that are not over
    unsigned polls_ = 0;
    bool closing_ = false;
    MainWaker::Pointer main_waker_;

    Atomic<int> inside_schedule_{0};
    Atomic<bool> has_remote_{false};  // so that the owner need not lock to see that there is nothing
    Mutex remote_mutex_;
    TaskQueue remote_;  // woken by other threads; under remote_mutex_
};

template <Future F>
OutputOf<F> CurrentThread::block_on(F future) {
    Entered entered(*this);
    F main(std::move(future));  // so that it is destroyed while this runtime is still the current one
    const Waker waker = main_waker_->waker();
    Context cx(waker);
    main_waker_->wake_on_own_thread();
    for (;;) {
        if (main_waker_->take_wake()) {
            ++polls_;
            budget::refill();
            Poll<OutputOf<F>> poll = poll_main(main, cx);
            if (poll.is_ready()) {
                return std::move(poll).value();
            }
            if constexpr (checks_enabled) {
                // In this order: whoever held a waker woke before giving the waker up.
                if (!main_waker_->is_kept() && !main_waker_->is_woken()) {
                    violation(
                        "block_on's future returned Pending but kept no waker: nothing can ever wake it; store cx.waker()");
                }
            }
        }
        run_tasks();
        if (polls_ >= look_interval) {
            look_around();
        } else if (!main_waker_->is_woken()) {
            sleep();
        }
    }
}

}  // namespace rt
