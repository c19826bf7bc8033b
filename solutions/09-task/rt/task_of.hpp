/// \file
/// Given: a Task of one type of future. It stores the future and the outcome in the same place, because one comes when
/// the other goes. You use `outcome()` only.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/runnable.hpp>
#include <rt/trace.hpp>

#include <exception>
#include <source_location>
#include <utility>
#include <variant>

namespace rt::detail {

/// What a JoinHandle knows of its task: the type of the output, but not the type of the future.
template <class T>
class TaskYielding : public Task {
  public:
    using Task::Task;
    /// Empty if the task was cancelled. Called by the handle, when the task is complete.
    virtual Outcome<T>& outcome() noexcept = 0;
};

template <Future F>
class TaskOf final : public TaskYielding<OutputOf<F>> {
    using T = OutputOf<F>;
    using PollResult = Task::PollResult;

  public:
    TaskOf(F future, Schedule& schedule, bool is_owned, std::source_location where)
        : TaskYielding<T>(schedule, is_owned, where), content_(std::in_place_index<0>, std::move(future)) {}
    ~TaskOf() override {
        if (content_.index() == 0) {
            announce_drop();
        }
    }

    Outcome<T>& outcome() noexcept override { return *std::get_if<1>(&content_); }

    PollResult poll_future(Context& cx) noexcept override {
        Outcome<T> outcome;
        if (!poll_into(*std::get_if<0>(&content_), cx, outcome)) {
            return PollResult::pending;
        }
        const PollResult result = outcome.has_exception() ? PollResult::exception : PollResult::ready;
        content_.template emplace<1>(std::move(outcome));
        return result;
    }

    void drop_future() noexcept override {
        announce_drop();
        content_.template emplace<1>();
    }

    std::exception_ptr drop_outcome() noexcept override {
        std::exception_ptr exception;
        if (outcome().has_exception()) {
            exception = outcome().take_exception();
        }
        content_.template emplace<1>();
        return exception;
    }

  private:
    void announce_drop() const noexcept { trace::emit(trace::Kind::drop, static_cast<const Task*>(this)); }

    std::variant<F, Outcome<T>> content_;
};

}  // namespace rt::detail
