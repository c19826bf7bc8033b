/// \file
/// Tasks with numbers, which a test recognizes when they come out of a queue. They are never run.
#pragma once

#include <rt/future.hpp>
#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/task.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace support {

/// For tasks that nobody wakes.
struct NeverWoken final : rt::Schedule {
    void schedule(rt::Runnable) noexcept override { FAIL_CHECK("a task was scheduled, although nobody has woken it"); }
};

/// Makes tasks, and counts how often each one was taken out of a queue.
class NumberedTasks {
  public:
    /// The Runnable of the next task. The first one has the number 0.
    rt::Runnable next() {
        auto wait = [](rt::Context&) -> rt::Poll<void> { return rt::Pending; };
        auto [runnable, handle] = rt::make_task(rt::poll_fn(wait), nowhere_);
        numbers_[&runnable.task()] = times_.size();
        times_.push_back(0);
        handles_.push_back(std::move(handle));
        return std::move(runnable);
    }

    /// Notes that `runnable` was taken, and returns the number of its task. Returns -1 for nothing, and -2 for what is no task.
    int take(std::optional<rt::Runnable> runnable) {
        if (!runnable) {
            return -1;
        }
        rt::Task* const task = std::move(*runnable).into_raw();
        auto const found = numbers_.find(task);
        if (found == numbers_.end()) {
            ++strangers_;
            return -2;
        }
        std::size_t const number = found->second;
        if (times_[number]++ == 0) {  // a second Runnable of the same task must not be dropped, too
            taken_.push_back(rt::Runnable::from_raw(task));
        }
        return static_cast<int>(number);
    }

    /// Uses each slot of `queue` once, so that the address of a task without a number is in it.
    template <class Queue>
    void fill_with_a_stranger(Queue& queue, rt::InjectionQueue& overflow) {
        auto wait = [](rt::Context&) -> rt::Poll<void> { return rt::Pending; };
        stranger_ = rt::make_task(rt::poll_fn(wait), nowhere_).first;
        for (std::size_t slot = 0; slot < Queue::capacity; ++slot) {
            queue.push(std::move(*stranger_), overflow);
            stranger_ = queue.pop();
        }
    }

    /// Takes all tasks out of `queue`, and returns their numbers.
    template <class Queue>
    std::vector<int> drain(Queue& queue) {
        std::vector<int> numbers;
        for (auto runnable = queue.pop(); runnable && numbers.size() <= 1000; runnable = queue.pop()) {
            numbers.push_back(take(std::move(runnable)));
        }
        return numbers;
    }

    /// How many tasks were taken more than once, and not at all.
    std::ptrdiff_t taken_twice() const {
        return std::count_if(times_.begin(), times_.end(), [](int n) { return n > 1; });
    }
    std::ptrdiff_t lost() const { return std::count(times_.begin(), times_.end(), 0); }
    /// True if a task that was taken out of a queue was also cancelled, because a second Runnable of it was destroyed.
    bool is_any_cancelled() const {
        for (std::size_t number = 0; number < handles_.size(); ++number) {
            if (times_[number] > 0 && handles_[number].is_finished()) {
                return true;
            }
        }
        return false;
    }
    /// How often something was taken that is none of these tasks.
    int strangers() const { return strangers_; }

  private:
    NeverWoken nowhere_;
    std::unordered_map<rt::Task*, std::size_t> numbers_;
    std::vector<int> times_;
    std::vector<rt::JoinHandle<>> handles_;
    std::vector<rt::Runnable> taken_;
    std::optional<rt::Runnable> stranger_;
    int strangers_ = 0;
};

}  // namespace support
