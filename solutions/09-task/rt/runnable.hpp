/// \file
/// `Task`, which holds a future, and `Runnable`, the right to poll that future once.
///
///   born ──► Runnable ──run──► poll ──Pending──► asleep ──wake──► Runnable ──► Schedule ──► …
///                               └──Ready──► outcome stored ──► JoinHandle woken
///
/// This is the side of a task that a runtime sees. The JoinHandle, which the user sees, is in task.hpp.
///
/// Thread safety: the state word (task_state.hpp) tells each thread what it must do next. This header does that.
///
/// Source: Rust's async-task crate.
#pragma once

#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <rt/task_report.hpp>
#include <rt/task_state.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>

#include <exception>
#include <source_location>
#include <utility>

namespace rt {

class Runnable;
class Task;
template <class T>
class JoinHandle;

/// Where Runnables go. Every runtime is a Schedule, and so is the queue of a test.
class Schedule {
  public:
    /// Makes sure that `runnable.run()` is called soon, but doesn't call it. Called from any thread.
    virtual void schedule(Runnable runnable) noexcept = 0;

    /// Takes a finished task out of the runtime's list. Called only for owned tasks, on the thread of the last run.
    virtual void finished(Task&) noexcept {}

  protected:
    ~Schedule() = default;
};

/// Holds a future, later its outcome, and the state word. Users see it only through a Runnable, Waker, or JoinHandle.
class Task : public Recycled {
  public:
    /// Asks the task to end. The next run destroys the future instead of polling it. A finished task stays as it is.
    void abort() noexcept;

    bool is_finished() const noexcept { return state_.is_complete(); }

    // Given: links for the queue and the list of lesson 10. They belong to the queue or list that holds the task.
    Task* next_in_queue = nullptr;
    Task* next_owned = nullptr;
    Task* previous_owned = nullptr;

  protected:
    /// How a poll ended. The numbers are those of `trace::Kind::poll_end`.
    enum class PollResult : int { exception = -1, pending = 0, ready = 1 };

    // Given: the birth of a task, announced.
    Task(Schedule& schedule, bool is_owned, std::source_location where) noexcept
        : schedule_(schedule), state_(is_owned), origin_(where) {
        trace::emit(trace::Kind::spawn, this, where.line(), where.file_name());
    }
    virtual ~Task() = default;

    // What task_of.hpp does for each type of future:
    /// Polls the future. If it is not Pending, stores the outcome and destroys the future.
    virtual PollResult poll_future(Context& cx) noexcept = 0;
    /// Destroys the future. The outcome stays empty, which means cancelled.
    virtual void drop_future() noexcept = 0;
    /// Destroys the outcome. If the outcome holds an exception that nobody has taken, returns the exception.
    virtual std::exception_ptr drop_outcome() noexcept = 0;

  private:
    friend class Runnable;
    template <class T>
    friend class JoinHandle;

    void run() noexcept;  // called by the Runnable
    void finish() noexcept;
    void wake() noexcept;  // called by wakers, through the table
    void wake_by_ref() noexcept;
    void drop_handle() noexcept;  // called by the JoinHandle
    void discard_outcome() noexcept;
    void drop_reference() noexcept {
        if (state_.drop_reference() == TaskState::OnDropReference::destroy) {
            delete this;
        }
    }

    /// Polls the future once with a waker of this task, and announces it.
    PollResult poll_once() noexcept;
    static const WakerVTable waker_vtable;
    // Given: announces a wake to the trace (trace.hpp), and returns `next`.
    TaskState::OnWake announced(TaskState::OnWake next, bool waker_goes = false) const noexcept {
        trace::emit(trace::Kind::wake, this, next == TaskState::OnWake::schedule);
        if (waker_goes) {
            trace::note(trace::Kind::waker_drop, this);
        }
        return next;
    }

    Schedule& schedule_;
    [[no_unique_address]] WakerSlot join_waker_;       // of the JoinHandle that waits for the end
    TaskState state_;                                  // in the padding of the slot, which makes a task 8 bytes smaller
    [[no_unique_address]] detail::TaskOrigin origin_;  // where it was spawned, for messages
};

/// The right to poll a task once. Its holder calls `run`. If the Runnable is destroyed instead, it cancels the task.
class [[nodiscard]] Runnable {
  public:
    /// Makes the Runnable of `task`. It owns one reference, which the caller or a queue has owned until now.
    static Runnable from_raw(Task* task) noexcept { return Runnable(task); }

    Runnable(Runnable&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
    Runnable& operator=(Runnable other) noexcept {
        std::swap(task_, other.task_);
        return *this;
    }
    ~Runnable() {
        if (task_ != nullptr) {
            task_->state_.abort();
            task_->run();
        }
    }

    /// Polls the task once, or destroys its future if the task was aborted. Called on the thread that a runtime chose.
    void run() && noexcept { release().run(); }

    /// Returns the task for a queue that links tasks themselves. The queue owns the Runnable's reference then.
    Task* into_raw() && noexcept { return &release(); }

    // Given: the task, unless the Runnable is empty.
    Task& task() const noexcept {
        if (checks_enabled && task_ == nullptr) {
            violation("a Runnable was used after it was run or moved from. Run each Runnable only once.");
        }
        return *task_;
    }

  private:
    explicit Runnable(Task* task) noexcept : task_(task) {}

    Task& release() noexcept {
        Task& released = task();
        task_ = nullptr;
        return released;
    }

    Task* task_;
};

/// Uses up the Runnable's reference: the next Runnable owns it, or `pause` or `finish` gives it back.
inline void Task::run() noexcept {
    if (state_.start() == TaskState::OnStart::cancel) {
        drop_future();
        finish();
        return;
    }
    // The task was not aborted, so its future is polled.
    if (poll_once() != PollResult::pending) {
        finish();
        return;
    }
    switch (state_.pause()) {
        case TaskState::OnPause::nothing: break;
        case TaskState::OnPause::schedule_again: schedule_.schedule(Runnable::from_raw(this)); break;
        case TaskState::OnPause::destroy: delete this; break;
        case TaskState::OnPause::report_lost: origin_.report_lost(); break;
    }
}

/// Ends the task. Gives the Runnable's reference back last, because that may be all that keeps the task alive.
inline void Task::finish() noexcept {
    switch (state_.complete()) {
        case TaskState::OnComplete::wake_handle: join_waker_.wake(); break;
        case TaskState::OnComplete::drop_outcome: discard_outcome(); break;
    }
    if (state_.is_owned()) {
        schedule_.finished(*this);
    }
    if (state_.drop_finished() == TaskState::OnDropReference::destroy) {
        delete this;
    }
}

/// The waker stays, so a new Runnable needs a reference of its own.
inline void Task::wake_by_ref() noexcept {
    TaskState::OnWake const next = announced(state_.wake());
    if (next == TaskState::OnWake::schedule) {
        state_.add_reference();
        schedule_.schedule(Runnable::from_raw(this));
    }
}

/// The waker goes. Its reference becomes the new Runnable's, or this function gives it back.
inline void Task::wake() noexcept {
    TaskState::OnWake const next = announced(state_.wake(), true);
    switch (next) {
        case TaskState::OnWake::schedule: schedule_.schedule(Runnable::from_raw(this)); break;
        case TaskState::OnWake::nothing: drop_reference(); break;
    }
}

/// An abort is a wake that sets one more bit. The thread that runs the task next destroys the future.
inline void Task::abort() noexcept {
    trace::emit(trace::Kind::abort, this);
    if (state_.abort() == TaskState::OnWake::schedule) {
        state_.add_reference();
        schedule_.schedule(Runnable::from_raw(this));
    }
}

/// The JoinHandle is destroyed. Destroys the outcome of a task that has ended, or else the waker in `join_waker_`.
inline void Task::drop_handle() noexcept {
    switch (state_.drop_handle()) {
        case TaskState::OnDropHandle::nothing: join_waker_.take(); break;
        case TaskState::OnDropHandle::drop_outcome: discard_outcome(); break;
    }
    drop_reference();
}

// Given: destroys an outcome that nobody can ask for any more. Prints its exception, unless the task was aborted.
inline void Task::discard_outcome() noexcept {
    std::exception_ptr exception = drop_outcome();
    if (exception && !state_.is_aborted()) {
        origin_.report_unawaited(std::move(exception));
    }
}

// Given: one poll. Its waker uses the Runnable's reference, which saves two atomic operations. The waker is in a union,
// which doesn't call its destructor, because that would give the reference back.
inline Task::PollResult Task::poll_once() noexcept {
    union Borrowed {
        Waker waker;
        ~Borrowed() {}
    } borrowed{Waker(this, &waker_vtable)};
    Context cx(borrowed.waker);
    trace::emit(trace::Kind::poll_begin, this);
    PollResult result = poll_future(cx);
    trace::emit(trace::Kind::poll_end, this, static_cast<int>(result));
    return result;
}

// Given: the table of a waker's functions (lesson 02). The data pointer is the task.
inline constexpr WakerVTable Task::waker_vtable{
    [](void* data) noexcept {
        trace::note(trace::Kind::waker_clone, data);
        static_cast<Task*>(data)->state_.add_reference();
    },
    [](void* data) noexcept { static_cast<Task*>(data)->wake(); },
    [](void* data) noexcept { static_cast<Task*>(data)->wake_by_ref(); },
    [](void* data) noexcept {
        trace::note(trace::Kind::waker_drop, data);
        static_cast<Task*>(data)->drop_reference();
    },
};

}  // namespace rt
