/// \file
/// `Mini`: an executor in fifty lines. It has three bugs, which `three_bugs.hpp` makes visible.
///
/// Thread safety: any thread may run tasks, and any thread may wake them. A mutex protects the queue.
#pragma once

#include <rt/future.hpp>
#include <rt/sync.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

/// A queue of tasks that want to be polled.
class Mini {
  public:
    /// Makes a task of `future`, and puts it into the queue.
    template <rt::Future F>
    void spawn(F future) {
        tasks_.push_back(std::make_unique<TaskOf<F>>(*this, std::move(future)));
        push(tasks_.back().get());
    }

    /// Polls the task that has waited longest. Returns false if the queue is empty.
    bool run_one() {
        rt::Lock lock(mutex_);
        if (queue_.empty()) {
            return false;
        }
        Task* task = queue_.front();
        queue_.pop_front();
        lock.unlock();
        rt::Waker const waker(task, &vtable);
        rt::Context cx(waker);
        task->poll(cx);
        return true;
    }

    std::size_t queued() {
        rt::Lock const lock(mutex_);
        return queue_.size();
    }

  private:
    struct Task {
        explicit Task(Mini& executor) : mini(executor) {}
        virtual ~Task() = default;
        virtual void poll(rt::Context& cx) = 0;
        Mini& mini;
    };

    template <rt::Future F>
    struct TaskOf final : Task {
        TaskOf(Mini& executor, F work) : Task(executor), future(std::move(work)) {}
        void poll(rt::Context& cx) override { (void)future.poll(cx); }
        F future;
    };

    void push(Task* task) {
        rt::Lock const lock(mutex_);
        queue_.push_back(task);
    }

    /// A wake puts the task into the queue. It counts no references, because all tasks live as long as the executor.
    static void wake(void* task) noexcept { static_cast<Task*>(task)->mini.push(static_cast<Task*>(task)); }
    static void nothing(void*) noexcept {}
    static constexpr rt::WakerVTable vtable{nothing, wake, wake, nothing};

    rt::Mutex mutex_;
    std::deque<Task*> queue_;
    std::vector<std::unique_ptr<Task>> tasks_;
};
