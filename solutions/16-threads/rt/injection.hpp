/// Given: a queue under one lock, as in lesson 10. You call `pop` and `take_share`.
/// \file
/// `InjectionQueue`: the Runnables that belong to no worker. Other threads woke or spawned them, or a worker's queue was full.
///
/// Thread safety: any thread may call everything.
///
/// Source: Go's global run queue, Tokio's injection queue.
#pragma once

#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace rt {

class InjectionQueue {
  public:
    /// Appends `runnable`, and calls `wake` under the same lock. So the Runnable can be taken only after this thread is done
    /// with the runtime.
    template <class F>
    void push(Runnable runnable, F wake) noexcept {
        Lock lock(mutex_);
        queue_.push(std::move(runnable));
        size_.store(queue_.size(), seq_cst);
        wake();
    }

    /// Appends all of `batch`. Called by a worker whose own queue is full.
    void push_all(TaskQueue& batch) noexcept {
        Lock lock(mutex_);
        queue_.append(batch);
        size_.store(queue_.size(), seq_cst);
    }

    std::optional<Runnable> pop() noexcept { return take_share(1, 1).pop(); }

    /// Removes the oldest ones: as many as leave an equal share to each of `sharers` workers, and at most `at_most`.
    TaskQueue take_share(std::size_t sharers, std::size_t at_most) noexcept {
        TaskQueue share;
        if (is_empty()) {
            return share;
        }
        Lock lock(mutex_);
        std::size_t const count = std::min(queue_.size() / sharers + 1, at_most);
        while (share.size() < count && !queue_.is_empty()) {
            share.push(*queue_.pop());
        }
        size_.store(queue_.size(), seq_cst);
        return share;
    }

    /// Returns true if nothing is here. Takes no lock. Sequentially consistent with `push` (idle.hpp).
    bool is_empty() const noexcept { return size_.load(seq_cst) == 0; }

  private:
    Mutex mutex_;
    TaskQueue queue_;              // under mutex_
    Atomic<std::size_t> size_{0};  // of queue_; written under mutex_
};

}  // namespace rt
