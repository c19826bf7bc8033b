/// \file
/// `InjectionQueue`: where Runnables wait that belong to no worker: woken or spawned by foreign threads, or too many for a
/// worker's own queue.
///
/// One lock. It is taken for batches where that can be had, and not at all to see that there is nothing.
///
/// Source of the idea: Go's global run queue, Tokio's injection queue.
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
    /// Puts one behind the others. Called from any thread; whoever calls it then sees to it that a worker is awake.
    void push(Runnable runnable) noexcept {
        Lock lock(mutex_);
        queue_.push(std::move(runnable));
        publish_size();
    }

    /// Puts all of `batch` behind the others. Called by a worker whose own queue is full; as above.
    void push_all(TaskQueue& batch) noexcept {
        Lock lock(mutex_);
        queue_.append(batch);
        publish_size();
    }

    /// The oldest. Called by workers, and by the thread that destroys the runtime.
    std::optional<Runnable> pop() noexcept {
        if (is_empty()) {
            return std::nullopt;
        }
        Lock lock(mutex_);
        std::optional<Runnable> runnable = queue_.pop();
        publish_size();
        return runnable;
    }

    /// The oldest, and into `more` a fair share of what is left: so much that `sharers` calls empty the queue, and `at_most`
    /// in all. Called by workers.
    std::optional<Runnable> pop_share(TaskQueue& more, std::size_t sharers, std::size_t at_most) noexcept {
        if (is_empty()) {
            return std::nullopt;
        }
        Lock lock(mutex_);
        std::size_t const share = std::min(queue_.size() / sharers + 1, at_most);
        std::optional<Runnable> first = queue_.pop();
        for (std::size_t taken = 1; taken < share && !queue_.is_empty(); ++taken) {
            more.push(*queue_.pop());
        }
        publish_size();
        return first;
    }

    /// True if nothing waits. Sequentially consistent with `push`: see idle.hpp.
    bool is_empty() const noexcept { return size_.load(seq_cst) == 0; }

  private:
    void publish_size() noexcept { size_.store(queue_.size(), seq_cst); }

    Mutex mutex_;
    TaskQueue queue_;              // under mutex_
    Atomic<std::size_t> size_{0};  // of queue_; written under mutex_
};

}  // namespace rt
