/// \file
/// `make_task(future, schedule)` makes a task and returns its two ends: a `Runnable`, which polls it, and a
/// `JoinHandle`, which waits for its outcome.
///
/// Source: Rust's async-task crate, and Tokio's `JoinHandle`.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/runnable.hpp>
#include <rt/task_of.hpp>
#include <rt/task_report.hpp>
#include <rt/violation.hpp>

#include <source_location>
#include <type_traits>
#include <utility>

namespace rt {

/// A future of a task's outcome: value, exception, or `Cancelled`. If the handle is destroyed, the task goes on alone.
///
/// Thread safety: the task may end on any thread. The handle itself belongs to one thread at a time.
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
        auto& task = this->task();
        if (!task.is_finished()) {
            task.join_waker_.register_waker(cx.waker());
            if (!task.is_finished()) {  // the second look: the task may have ended before it could see the waker
                return Pending;
            }
        }
        // Given: the result counts against the budget, so a loop over finished handles can't keep the thread either.
        if (!task.share.poll_proceed(cx)) {
            return Pending;
        }
        budget::spend();
        return ready_with<T>(take_outcome());
    }

    // Given: for code that polls nothing.
    /// Returns the task's value, or throws its exception or `Cancelled`. Called once, when the task is finished.
    T take_result() {
        if (!task().is_finished()) {
            violation("JoinHandle::take_result was called before the task had ended. Await the handle instead.");
        }
        return static_cast<T>(take_outcome());
    }

    /// Asks the task to end. Its runtime destroys the future soon, and awaiting the handle throws `Cancelled`, unless
    /// the task has ended before.
    void abort() noexcept {
        if (task_ != nullptr) {
            task_->abort();
        }
    }

    /// True if the task has ended, in whatever way, or if this handle has no task.
    bool is_finished() const noexcept { return task_ == nullptr || task_->is_finished(); }

    /// Lets the task go on alone. If the task ends with an exception, the exception is printed.
    void detach() noexcept {
        if (task_ != nullptr) {
            std::exchange(task_, nullptr)->drop_handle();
        }
    }

  private:
    NonVoid<T> take_outcome() {
        JoinHandle finished = std::move(*this);  // gives the task up at the end
        if (finished.task_->outcome.is_empty()) {
            throw Cancelled();
        }
        return finished.task_->outcome.take();
    }

    // Given: the task, unless the handle is empty.
    detail::TaskYielding<T>& task() const noexcept {
        return detail::checked(
            task_,
            "a JoinHandle was used after it gave its outcome, was detached, or was moved from. Await each handle "
            "once.");
    }

    detail::TaskYielding<T>* task_;
};

/// Whether a runtime keeps the task in a list of its own until it has ended.
enum class Owned : bool { no, yes };

// Given: how a task is made.
/// Makes a task of `future`. The caller runs or schedules the first Runnable. Later ones go to `schedule`, which must
/// outlive the last run. Called by runtimes and tests.
template <Future F>
std::pair<Runnable, JoinHandle<OutputOf<F>>> make_task(F future, Schedule& schedule, Owned owned = Owned::no,
                                                       std::source_location where = std::source_location::current()) {
    static_assert(std::is_nothrow_move_constructible_v<NonVoid<OutputOf<F>>>,
                  "a task's result must be movable without throwing. Return a std::unique_ptr<T> instead.");
    auto* task = new detail::TaskOf<F>(std::move(future), schedule, owned == Owned::yes, where);
    return {Runnable::from_raw(task), JoinHandle<OutputOf<F>>(task)};
}

}  // namespace rt
