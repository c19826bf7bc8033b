/// \file
/// The inner side of a task: the block that holds it, and `Runnable`, the right to poll it once.
///
/// Who may touch what, and when, is decided by one word: see task_state.hpp. This header is what the word's answers make
/// happen. The outer side, made of a future and awaited through a handle, is task.hpp.
///
///   born ──► Runnable ──run──► poll ──Pending──► (asleep) ──wake──► Runnable ──► schedule ──► …
///                               └──Ready──► outcome stored ──► JoinHandle woken
///
/// Source of the idea: Rust's async-task crate.
#pragma once

#include <rt/future.hpp>
#include <rt/recycled.hpp>
#include <rt/task_state.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>

#include <cstdio>
#include <exception>
#include <source_location>
#include <utility>

namespace rt {

class Runnable;
class Task;
template <class T>
class JoinHandle;

/// Thrown to whoever awaits a task that was aborted, or whose runtime has gone.
class Cancelled : public std::exception {
  public:
    const char* what() const noexcept override { return "the task was aborted"; }
};

/// Where Runnables go. Implemented by every runtime, and by tests.
class Schedule {
  public:
    /// A task was woken: see to it that `runnable.run()` is called soon. Called from any thread; must not run it at once.
    virtual void schedule(Runnable runnable) noexcept = 0;

    /// An owned task is over and is to leave the list. Called on the thread that ran it last.
    virtual void finished(Task&) noexcept {}

  protected:
    ~Schedule() = default;
};

/// The block. Users see its two ends only.
class Task : public Recycled {
  public:
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    /// Asks the task to end: its future is destroyed where it would have been polled next. A task that is done stays so.
    void abort() noexcept;

    bool is_finished() const noexcept { return state_.is_complete(); }
    bool is_owned() const noexcept { return state_.is_owned(); }

    // For whoever holds tasks in lists; the links belong to that list, under its lock if it has one.
    Task* next_in_queue = nullptr;  ///< run queue: valid while a Runnable is queued
    Task* next_owned = nullptr;     ///< the runtime's list of all its tasks
    Task* previous_owned = nullptr;

  protected:
    /// How a poll ended; the numbers are those of `trace::Kind::poll_end`.
    enum class Polled : int { exception = -1, pending = 0, ready = 1 };

    Task(Schedule& schedule, bool is_owned, [[maybe_unused]] std::source_location where) noexcept
        : state_(is_owned), schedule_(schedule) {
#if RT_CHECKS
        where_ = where;
#endif
        trace::emit(trace::Kind::spawn, this, where.line(), where.file_name());
    }
    virtual ~Task() = default;

    /// Polls the future; if that is not Pending, destroys it and stores the outcome.
    virtual Polled poll_future(Context& cx) noexcept = 0;
    /// Destroys the future and leaves an empty outcome: cancelled.
    virtual void drop_future() noexcept = 0;
    /// Destroys the outcome; returns the exception that nobody has seen, if there was one.
    virtual std::exception_ptr drop_outcome() noexcept = 0;

  private:
    friend class Runnable;
    template <class T>
    friend class JoinHandle;

    static Task& from(void* data) noexcept { return *static_cast<Task*>(data); }
    static const WakerVTable waker_vtable;

    void run() noexcept;
    void cancel() noexcept;
    void finish() noexcept;
    bool await_with(const Waker& waker) noexcept;
    void leave() noexcept;
    void discard_outcome() noexcept;

    struct Name {
        char text[256];
    };
    Name name() const noexcept;

    void wake_by_ref() noexcept;
    void wake() noexcept;
    void clone_waker() noexcept {
        trace::note(trace::Kind::waker_clone, this);
        state_.retain();
    }
    void drop_waker() noexcept {
        trace::note(trace::Kind::waker_drop, this);
        release_one();
    }
    void release_one() noexcept {
        if (state_.release_one() == TaskState::OnRelease::destroy) {
            delete this;
        }
    }

    TaskState state_;

  protected:
    /// What lies in the place that future and outcome share. Here, since there is room beside the word.
    enum class Holds : unsigned char { future, outcome, nothing };
    Holds holds_ = Holds::future;

  private:
    Schedule& schedule_;
    Waker join_waker_;  // the handle's; see TaskState for whose it is
#if RT_CHECKS
    std::source_location where_;
#endif
};

/// The right to poll a task once. Whoever holds it must `run` it; one that is dropped cancels its task.
class [[nodiscard]] Runnable {
  public:
    /// Takes a task out of a queue again. Called with what `into_raw` returned, once.
    static Runnable from_raw(Task* task) noexcept { return Runnable(task); }

    Runnable(Runnable&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
    Runnable& operator=(Runnable other) noexcept {
        std::swap(task_, other.task_);
        return *this;
    }
    ~Runnable() {
        if (task_ != nullptr) {
            task_->cancel();
        }
    }

    /// Polls the task once, or destroys its future if it was aborted. Called by the runtime's thread.
    void run() && noexcept { std::exchange(task_, nullptr)->run(); }

    /// Gives the task to a queue that links tasks themselves.
    Task* into_raw() && noexcept { return std::exchange(task_, nullptr); }

    Task& task() const noexcept { return *task_; }

  private:
    explicit Runnable(Task* task) noexcept : task_(task) {}

    Task* task_;
};

/// A waker for the time of one poll, which takes no reference: whoever polls has one meanwhile.
class BorrowedWaker {
  public:
    BorrowedWaker(void* data, const WakerVTable* vtable) noexcept : waker_(data, vtable) {}
    BorrowedWaker(const BorrowedWaker&) = delete;
    BorrowedWaker& operator=(const BorrowedWaker&) = delete;
    ~BorrowedWaker() {}  // and not waker_'s: what was not taken is not given back

    const Waker& get() const noexcept { return waker_; }

  private:
    union {
        Waker waker_;
    };
};

inline void Task::run() noexcept {
    if (state_.start() == TaskState::OnStart::cancel) {
        trace::emit(trace::Kind::drop, this);
        drop_future();
        finish();
        return;
    }
    BorrowedWaker waker(this, &waker_vtable);
    Context cx(waker.get());
    trace::emit(trace::Kind::poll_begin, this);
    Polled polled = poll_future(cx);
    trace::emit(trace::Kind::poll_end, this, static_cast<int>(polled));
    if (polled != Polled::pending) {
        finish();
        return;
    }
    switch (state_.pause()) {
        case TaskState::OnPause::nothing: break;
        case TaskState::OnPause::schedule_again: schedule_.schedule(Runnable::from_raw(this)); break;
        case TaskState::OnPause::destroy: delete this; break;
        case TaskState::OnPause::complain:
            if constexpr (checks_enabled) {
                violation("returned Pending but kept no waker, so nothing can ever wake it; store cx.waker()",
                          name().text);
            }
            break;
    }
}

/// A Runnable was dropped. Nobody else can be running the task: it ends here.
inline void Task::cancel() noexcept {
    state_.abort();
    run();
}

/// The outcome is stored: tells the handle, leaves the list, gives the Runnable's reference back.
inline void Task::finish() noexcept {
    switch (state_.complete()) {
        case TaskState::OnComplete::nothing: break;
        case TaskState::OnComplete::wake_handle: std::move(join_waker_).wake(); break;
        case TaskState::OnComplete::drop_outcome: discard_outcome(); break;
    }
    if (state_.is_owned()) {
        schedule_.finished(*this);
    }
    if (state_.release_finished() == TaskState::OnRelease::destroy) {
        delete this;
    }
}

/// The JoinHandle waits: `waker` is woken when the task is over. False if it is over already.
inline bool Task::await_with(const Waker& waker) noexcept {
    if (state_.is_awaited() && state_.end_await() == TaskState::OnAwait::nothing) {
        return false;
    }
    if (!join_waker_.will_wake(waker)) {
        join_waker_ = waker;
    }
    if (state_.begin_await() == TaskState::OnAwait::nothing) {
        return true;
    }
    join_waker_ = Waker();
    return false;
}

/// The JoinHandle goes.
inline void Task::leave() noexcept {
    if (!state_.is_complete() && state_.is_awaited() && state_.end_await() == TaskState::OnAwait::take_waker_back) {
        join_waker_ = Waker();
    }
    switch (state_.drop_handle()) {
        case TaskState::OnDropHandle::nothing: break;
        case TaskState::OnDropHandle::destroy: delete this; break;
        case TaskState::OnDropHandle::drop_outcome:
            discard_outcome();
            if (state_.release_handle() == TaskState::OnRelease::destroy) {
                delete this;
            }
            break;
    }
}

/// Nobody can ask for the outcome any more. An exception in it would be lost in silence, so it is printed; unless the task was
/// aborted: then nobody wanted to know.
inline void Task::discard_outcome() noexcept {
    std::exception_ptr exception = drop_outcome();
    if (!exception || state_.is_aborted()) {
        return;
    }
    const Name name = this->name();
    try {
        std::rethrow_exception(std::move(exception));
    } catch (const Cancelled&) {
        return;  // it passed an abort on; nothing is lost
    } catch (const std::exception& error) {
        std::fprintf(stderr, "rt: %s ended with an exception that nobody awaited: %s\n", name.text, error.what());
    } catch (...) {
        std::fprintf(stderr, "rt: %s ended with an exception that nobody awaited\n", name.text);
    }
}

/// Where it was spawned, as far as this build knows.
inline Task::Name Task::name() const noexcept {
    Name name;
#if RT_CHECKS
    if (where_.line() == 0) {
        std::snprintf(name.text, sizeof name.text, "a task spawned with arguments");
    } else {
        std::snprintf(name.text, sizeof name.text, "the task spawned at %s:%u", where_.file_name(),
                      static_cast<unsigned>(where_.line()));
    }
#else
    std::snprintf(name.text, sizeof name.text, "task %p", static_cast<const void*>(this));
#endif
    return name;
}

inline void Task::wake_by_ref() noexcept {
    bool schedules = state_.wake() == TaskState::OnWake::schedule;
    trace::emit(trace::Kind::wake, this, schedules);
    if (schedules) {
        state_.retain();
        schedule_.schedule(Runnable::from_raw(this));
    }
}

/// The waker's own reference becomes the Runnable's, or is given back.
inline void Task::wake() noexcept {
    bool schedules = state_.wake() == TaskState::OnWake::schedule;
    trace::emit(trace::Kind::wake, this, schedules);
    if (schedules) {
        trace::note(trace::Kind::waker_drop, this);
        schedule_.schedule(Runnable::from_raw(this));
    } else {
        drop_waker();
    }
}

inline void Task::abort() noexcept {
    trace::emit(trace::Kind::abort, this);
    if (state_.abort() == TaskState::OnWake::schedule) {
        state_.retain();
        schedule_.schedule(Runnable::from_raw(this));
    }
}

inline constexpr WakerVTable Task::waker_vtable{
    [](void* data) noexcept { from(data).clone_waker(); },
    [](void* data) noexcept { from(data).wake(); },
    [](void* data) noexcept { from(data).wake_by_ref(); },
    [](void* data) noexcept { from(data).drop_waker(); },
};

}  // namespace rt
