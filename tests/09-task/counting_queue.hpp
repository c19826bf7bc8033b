/// \file
/// A queue of stepped tasks that counts the references in their state words, and what is in the words.
#pragma once

#include "stepped_task.hpp"

#include <rt/sync.hpp>
#include <support/stepped_atomic.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace support {

// The bits of the state word (task_state.hpp) that the tests look at.
inline constexpr unsigned running_bit = 1;
inline constexpr unsigned handle_bit = 16;
inline constexpr unsigned owned_bit = 32;
inline constexpr unsigned one_reference = 64;

/// Calls `look(word)` with the state word of `task`.
template <class Look>
void with_word_of(const rt::SteppedTask& task, Look look) {
    auto at_the_load = [&look](int access, rt::Atomic<unsigned>& word) {
        if (access == 1) {
            look(word);
        }
    };
    Steps::between(at_the_load, [&task] { (void)task.is_finished(); });
}

inline unsigned word_of(const rt::SteppedTask& task) {
    unsigned found = 0;
    with_word_of(task, [&found](rt::Atomic<unsigned>& word) { found = word.load(); });
    return found;
}

/// How many references keep the task alive, besides its handle and its list.
inline unsigned references(const rt::SteppedTask& task) { return word_of(task) / one_reference; }

class CountingQueue final : public rt::SteppedSchedule {
  public:
    void schedule(rt::SteppedRunnable runnable) noexcept override {
        when_scheduled_ = references(runnable.task());
        runnables_.push_back(std::move(runnable));
    }
    void finished(rt::SteppedTask& task) noexcept override {
        ++finished_;
        when_finished_ = references(task);
        when_it_leaves(task);
    }
    bool run_one() {
        if (runnables_.empty()) {
            return false;
        }
        rt::SteppedRunnable next = std::move(runnables_.front());
        runnables_.pop_front();
        std::move(next).run();
        return true;
    }

    /// Called with a task that leaves its list.
    std::function<void(rt::SteppedTask&)> when_it_leaves = [](rt::SteppedTask&) {};

    /// How many Runnables wait.
    std::size_t waiting() const noexcept { return runnables_.size(); }
    /// How many references the task had when it was scheduled last.
    unsigned references_when_scheduled() const noexcept { return when_scheduled_; }
    /// How often a task was said to have finished, and how many references it had then.
    int finished() const noexcept { return finished_; }
    unsigned references_when_finished() const noexcept { return when_finished_; }

  private:
    std::deque<rt::SteppedRunnable> runnables_;
    unsigned when_scheduled_ = 0;
    unsigned when_finished_ = 0;
    int finished_ = 0;
};

}  // namespace support
