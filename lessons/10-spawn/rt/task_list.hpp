/// \file
/// Two lists that link the tasks themselves, so that they never allocate. `TaskQueue` holds tasks that wait to be run,
/// first in, first out. `TaskList` holds all tasks of a runtime that have not ended.
///
/// Thread safety: none. Threads that share a list share a lock.
#pragma once

#include <rt/runnable.hpp>
#include <rt/todo.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace rt {

/// Owns the Runnables in it. Its destructor destroys them, which cancels their tasks.
class TaskQueue {
  public:
    TaskQueue() = default;
    TaskQueue(TaskQueue&& other) noexcept { append(other); }
    ~TaskQueue() {
        while (!is_empty()) {
            pop();
        }
    }

    bool is_empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

    /// Puts `runnable` at the end.
    void push(Runnable runnable) noexcept {
        // TODO(10.1) Put the Runnable's task behind the last one. The queue may be empty.
        todo("10.1 put a task at the end of the queue", runnable, last_);
    }

    /// Takes the oldest Runnable out. Returns nothing if the queue is empty.
    std::optional<Runnable> pop() noexcept {
        // TODO(10.1) Take the first task out, and return a Runnable for it. The queue may be empty, before or after that.
        todo("10.1 take the first task out of the queue");
    }

    /// Moves all of `other` to the end of this queue. `other` is empty then.
    void append(TaskQueue& other) noexcept {
        if (other.is_empty()) {
            return;
        }
        // TODO(10.2) Move the tasks of `other` behind the last one. `other` is not empty, but this queue may be.
        todo("10.2 link one queue behind another");
    }

  private:
    Task* first_ = nullptr;
    Task* last_ = nullptr;
    std::size_t size_ = 0;
};

// Given: the list that a runtime needs for its shutdown. Its tasks are alive because their `owned` bit is set.
class TaskList {
  public:
    bool is_empty() const noexcept { return first_ == nullptr; }
    std::size_t size() const noexcept { return size_; }

    void insert(Task& task) noexcept {
        task.previous_owned = nullptr;
        task.next_owned = first_;
        if (first_ != nullptr) {
            first_->previous_owned = &task;
        }
        first_ = &task;
        ++size_;
    }

    void remove(Task& task) noexcept {
        (task.previous_owned == nullptr ? first_ : task.previous_owned->next_owned) = task.next_owned;
        if (task.next_owned != nullptr) {
            task.next_owned->previous_owned = task.previous_owned;
        }
        --size_;
    }

    /// Asks every task to end. No task leaves the list during the call, because a task leaves it when it is run.
    void abort_all() noexcept {
        for (Task* task = first_; task != nullptr; task = task->next_owned) {
            task->abort();
        }
    }

  private:
    Task* first_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace rt
