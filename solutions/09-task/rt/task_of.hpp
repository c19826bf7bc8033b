/// \file
/// Given: a Task of one type of future. You use `outcome` only.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/runnable.hpp>
#include <rt/trace.hpp>

#include <exception>
#include <optional>
#include <source_location>
#include <utility>

namespace rt::detail {

/// What a JoinHandle knows of its task: the type of the output, but not the type of the future.
template <class T>
class TaskYielding : public Task {
  public:
    using Task::Task;

    /// Stored by the last poll. Stays empty if the task is cancelled.
    [[no_unique_address]] Outcome<T> outcome;
    budget::Share share;  // of the JoinHandle. It fits into the padding of the outcome

  private:
    std::exception_ptr drop_outcome() noexcept override {
        std::exception_ptr exception;
        if (outcome.has_exception()) {
            exception = outcome.take_exception();
        }
        outcome.reset();
        return exception;
    }
};

template <Future F>
class TaskOf final : public TaskYielding<OutputOf<F>> {
    using PollResult = Task::PollResult;

  public:
    TaskOf(F&& future, Schedule& schedule, bool is_owned, std::source_location where)
        : TaskYielding<OutputOf<F>>(schedule, is_owned, where), future_(std::move(future)) {}
    ~TaskOf() override { drop_future(); }

  private:
    PollResult poll_future(Context& cx) noexcept override {
        if (!poll_into(*future_, cx, this->outcome)) {
            return PollResult::pending;
        }
        future_.reset();
        return this->outcome.has_exception() ? PollResult::exception : PollResult::ready;
    }

    void drop_future() noexcept override {
        if (future_) {
            trace::emit(trace::Kind::drop, static_cast<const Task*>(this));
            future_.reset();
        }
    }

    std::optional<F> future_;  // until it has ended
};

}  // namespace rt::detail
