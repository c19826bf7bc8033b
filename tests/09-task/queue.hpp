/// \file
/// The test's own `Schedule`: a queue of Runnables that the test runs by hand, one after the other, and that counts.
#pragma once

#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task_state.hpp>
#include <rt/trace.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <optional>
#include <utility>

namespace support {

/// Wakers may come from any thread; `run_one` is called by one at a time.
class Queue final : public rt::Schedule {
  public:
    void schedule(rt::Runnable runnable) noexcept override {
        rt::trace::note(rt::trace::Kind::queue, &runnable.task());
        rt::Lock lock(mutex_);
        ++schedules_;
        runnables_.push_back(std::move(runnable));
    }
    void finished(rt::Task&) noexcept override {
        rt::Lock lock(mutex_);
        ++finished_;
    }

    /// Puts a newborn task's Runnable in, which is not counted as a wake.
    void start(rt::Runnable runnable) {
        rt::trace::note(rt::trace::Kind::queue, &runnable.task());
        rt::Lock lock(mutex_);
        runnables_.push_back(std::move(runnable));
    }
    /// Runs the task that has waited longest; false if none waits.
    bool run_one() {
        step("run the next task of the queue");
        return run_one_silently();
    }
    bool run_one_silently() {
        std::optional<rt::Runnable> next = take();
        if (!next) {
            return false;
        }
        std::move(*next).run();
        return true;
    }
    /// Takes the next Runnable out without running it.
    std::optional<rt::Runnable> take() {
        rt::Lock lock(mutex_);
        if (runnables_.empty()) {
            return std::nullopt;
        }
        rt::Runnable next = std::move(runnables_.front());
        runnables_.pop_front();
        return next;
    }

    /// How many Runnables wait.
    int waiting() const {
        rt::Lock lock(mutex_);
        return static_cast<int>(runnables_.size());
    }
    /// How often a wake or an abort has put one in.
    int schedules() const {
        rt::Lock lock(mutex_);
        return schedules_;
    }
    /// How often an owned task has left the list.
    int finished() const {
        rt::Lock lock(mutex_);
        return finished_;
    }

  private:
    mutable rt::Mutex mutex_;
    std::deque<rt::Runnable> runnables_;
    int schedules_ = 0;
    int finished_ = 0;
};

}  // namespace support

// The instructions of the state word, as a failed assertion shows them: doctest finds these by the namespace.
namespace rt {

inline doctest::String toString(TaskState::OnWake value) {
    return value == TaskState::OnWake::schedule ? "schedule" : "nothing";
}
inline doctest::String toString(TaskState::OnStart value) {
    return value == TaskState::OnStart::poll ? "poll" : "cancel";
}
inline doctest::String toString(TaskState::OnPause value) {
    switch (value) {
        case TaskState::OnPause::nothing: return "nothing";
        case TaskState::OnPause::schedule_again: return "schedule_again";
        case TaskState::OnPause::destroy: return "destroy";
        case TaskState::OnPause::report_lost: return "report_lost";
    }
    return "?";
}
inline doctest::String toString(TaskState::OnComplete value) {
    return value == TaskState::OnComplete::wake_handle ? "wake_handle" : "drop_outcome";
}
inline doctest::String toString(TaskState::OnDropHandle value) {
    return value == TaskState::OnDropHandle::drop_outcome ? "drop_outcome" : "nothing";
}
inline doctest::String toString(TaskState::OnDropReference value) {
    return value == TaskState::OnDropReference::destroy ? "destroy" : "nothing";
}

}  // namespace rt
