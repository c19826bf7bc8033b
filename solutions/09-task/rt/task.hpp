/// \file
/// A task: a future in a block of its own, that can be run piece by piece by one side and awaited by another.
///
/// `make_task(future, schedule)` makes the block and returns its two ends: a `Runnable`, the right to poll it once
/// (runnable.hpp), and a `JoinHandle`, which is a future of the outcome. A wake makes a new Runnable and passes it to the
/// `Schedule`: usually a queue, in lesson 09 a test.
///
/// Source of the idea: Rust's async-task crate; `JoinHandle` as in Tokio.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/runnable.hpp>

#include <exception>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

namespace rt {

namespace detail {

/// A task, as its handle sees it: of whatever future, but of this output.
template <class T>
class TaskYielding : public Task {
  public:
    using Task::Task;
    /// Called by the handle, when the task is complete.
    virtual Outcome<T>& outcome() noexcept = 0;
};

/// A task, whole. `future_` and `outcome_` share their place: one comes when the other goes.
template <Future F>
class TaskOf final : public TaskYielding<OutputOf<F>> {
    using T = OutputOf<F>;

  public:
    TaskOf(F future, Schedule& schedule, bool is_owned, std::source_location where)
        : TaskYielding<T>(schedule, is_owned, where), future_(std::move(future)) {}
    ~TaskOf() override {
        switch (Task::holds_) {
            case Task::Holds::future:
                trace::emit(trace::Kind::drop, static_cast<const Task*>(this));
                future_.~F();
                break;
            case Task::Holds::outcome: outcome_.~Outcome<T>(); break;
            case Task::Holds::nothing: break;
        }
    }

    Outcome<T>& outcome() noexcept override { return outcome_; }

    Task::Polled poll_future(Context& cx) noexcept override {
        Outcome<T> outcome;
        if (!poll_into(future_, cx, outcome)) {
            return Task::Polled::pending;
        }
        replace_future(std::move(outcome));
        return outcome_.has_exception() ? Task::Polled::exception : Task::Polled::ready;
    }
    void drop_future() noexcept override { replace_future(); }
    std::exception_ptr drop_outcome() noexcept override {
        std::exception_ptr exception;
        if (outcome_.has_exception()) {
            exception = outcome_.take_exception();
        }
        outcome_.~Outcome<T>();
        Task::holds_ = Task::Holds::nothing;
        return exception;
    }

  private:
    /// The outcome is `ended`, or empty.
    template <class... Ended>
    void replace_future(Ended&&... ended) noexcept {
        future_.~F();
        ::new (&outcome_) Outcome<T>(std::forward<Ended>(ended)...);
        Task::holds_ = Task::Holds::outcome;
    }

    union {
        F future_;
        Outcome<T> outcome_;
    };
};

}  // namespace detail

/// The waiting end of a task: a future of its outcome. Dropping it detaches: the task goes on, and nobody asks any more.
///
/// Awaiting it gives the task's value, throws its exception, or throws `Cancelled` if it was aborted.
template <class T = void>
class JoinHandle {
  public:
    using Output = T;

    explicit JoinHandle(detail::TaskYielding<T>* task) noexcept : task_(task) {}
    JoinHandle(JoinHandle&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
    JoinHandle& operator=(JoinHandle other) noexcept {
        std::swap(task_, other.task_);
        return *this;
    }
    ~JoinHandle() { detach(); }

    Poll<T> poll(Context& cx) {
        if (!watch(cx.waker())) {
            return Pending;
        }
        if constexpr (std::is_void_v<T>) {
            take_result();
            return Ready();
        } else {
            return Ready<T>(take_result());
        }
    }

    /// True if the task is over; if not, `waker` is woken when it is, and no other. The half of a poll that looks.
    bool watch(const Waker& waker) noexcept {
        if (task_ == nullptr) {
            violation("a JoinHandle was polled after it gave its outcome, or was detached or moved from");
        }
        return task_->is_finished() || !task().await_with(waker);
    }

    /// Gives the task's value, throws its exception, or throws `Cancelled`. Called once, when it is over. The half of a
    /// poll that takes.
    T take_result() {
        Outcome<T> outcome = std::move(task_->outcome());
        detach();
        if (outcome.is_empty()) {
            throw Cancelled();
        }
        return outcome.take();
    }

    /// Asks the task to end; its future is destroyed by its runtime, soon. Then, awaiting the handle throws `Cancelled`,
    /// unless the task was done before.
    void abort() noexcept {
        if (task_ != nullptr) {
            task_->abort();
        }
    }

    /// True if the task is over, in whatever way.
    bool is_finished() const noexcept { return task_ == nullptr || task_->is_finished(); }

    /// Lets the task go on alone. An exception it ends with is printed.
    void detach() noexcept {
        if (task_ == nullptr) {
            return;
        }
        Task& left = *std::exchange(task_, nullptr);
        left.leave();
    }

  private:
    Task& task() const noexcept { return *task_; }

    detail::TaskYielding<T>* task_;
};

/// Whether a runtime keeps the task in a list of its own until it is over.
enum class Owned : bool { no, yes };

/// Makes a task of `future`. Its Runnable is returned, to be run or scheduled; later ones go to `schedule`, which must
/// outlive the task's last run. Called by runtimes and tests.
template <Future F>
std::pair<Runnable, JoinHandle<OutputOf<F>>> make_task(F future, Schedule& schedule, Owned owned = Owned::no,
                                                       std::source_location where = std::source_location::current()) {
    static_assert(std::is_nothrow_move_constructible_v<NonVoid<OutputOf<F>>>,
                  "a task's result must be movable without throwing: it is moved to whoever awaits it");
    auto* task = new detail::TaskOf<F>(std::move(future), schedule, owned == Owned::yes, where);
    return {Runnable::from_raw(task), JoinHandle<OutputOf<F>>(task)};
}

}  // namespace rt
