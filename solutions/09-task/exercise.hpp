/// \file
/// The exercise of lesson 09, solved: `PriorityQueue`, a run queue in which urgent tasks come first.
#pragma once

#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>

#include <deque>
#include <optional>
#include <utility>

namespace exercise {

enum class Priority { ordinary, urgent };

/// Runs the urgent task that has waited longest, or else the ordinary one. After four urgent tasks in a row, an ordinary task
/// that waits gets its turn.
///
/// Thread safety: wakes may come from any thread. The other calls belong to one thread.
class PriorityQueue {
  public:
    PriorityQueue() = default;
    PriorityQueue(const PriorityQueue&) = delete;
    PriorityQueue& operator=(const PriorityQueue&) = delete;
    /// A task that this cancels may wake another one, which then waits here too. So the loop ends when none is left.
    ~PriorityQueue() {
        while (next()) {}
    }

    template <rt::Future F>
    rt::JoinHandle<rt::OutputOf<F>> spawn(F future, Priority priority) {
        Lane& lane = priority == Priority::urgent ? urgent_ : ordinary_;
        auto [runnable, handle] = rt::make_task(std::move(future), lane);
        lane.schedule(std::move(runnable));
        return std::move(handle);
    }

    /// Runs one task. False if none waits.
    bool run_one() {
        std::optional<rt::Runnable> runnable = next();
        if (!runnable) {
            return false;
        }
        std::move(*runnable).run();
        return true;
    }

  private:
    /// The tasks of one priority that wait. Each task is woken into its own lane.
    class Lane final : public rt::Schedule {
      public:
        void schedule(rt::Runnable runnable) noexcept override {
            rt::Lock const lock(mutex_);
            runnables_.push_back(std::move(runnable));
        }
        std::optional<rt::Runnable> pop() {
            rt::Lock const lock(mutex_);
            if (runnables_.empty()) {
                return std::nullopt;
            }
            rt::Runnable first = std::move(runnables_.front());
            runnables_.pop_front();
            return first;
        }

      private:
        rt::Mutex mutex_;
        std::deque<rt::Runnable> runnables_;
    };

    std::optional<rt::Runnable> next() {
        std::optional<rt::Runnable> runnable;
        if (urgent_in_a_row_ < longest_row) {
            runnable = urgent_.pop();
        }
        if (runnable) {
            ++urgent_in_a_row_;
            return runnable;
        }
        urgent_in_a_row_ = 0;
        runnable = ordinary_.pop();
        return runnable ? std::move(runnable) : urgent_.pop();
    }

    static constexpr int longest_row = 4;

    Lane urgent_;
    Lane ordinary_;
    int urgent_in_a_row_ = 0;
};

}  // namespace exercise
