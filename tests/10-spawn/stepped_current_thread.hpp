/// \file
/// `SteppedCurrentThread`: the runtime with a remote queue that the tests can see through. So a test plays the other thread
/// before the lock is taken and after it is released, and sees each use of the queue without its lock.
///
/// Thread safety: the hooks and the count belong to the thread that sets them. `uses_without_lock` counts the uses of that
/// thread only.
///
/// The header is included under other names, because other files of the same executable use the real one.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/main_waker.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/spawn.hpp>
#include <rt/sync.hpp>
#include <rt/task_list.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace support {

/// What the test does between two steps of the runtime on this thread, while `remote_mutex_` is free. Calls it once.
inline thread_local std::function<void()> before_next_lock;
inline thread_local std::function<void()> after_next_unlock_of_remote;
/// True while this thread holds a `remote_mutex_`.
inline thread_local bool holds_remote_mutex = false;
/// How often a remote queue was used without its lock.
inline thread_local int uses_without_lock = 0;

}  // namespace support

namespace rt {

class RemoteMutex {
  public:
    void lock() {
        play(support::before_next_lock);
        mutex_.lock();
        support::holds_remote_mutex = true;
    }
    void unlock() {
        support::holds_remote_mutex = false;
        mutex_.unlock();
        play(support::after_next_unlock_of_remote);
    }

  private:
    static void play(std::function<void()>& other_thread) {
        if (auto const call = std::exchange(other_thread, nullptr)) {
            call();
        }
    }

    Mutex mutex_;
};
using RemoteLock = std::unique_lock<RemoteMutex>;

/// A queue that notices a use without the lock. It is a remote queue once another thread than the runtime's has pushed to it.
class SteppedQueue : private TaskQueue {
  public:
    SteppedQueue() = default;
    SteppedQueue(SteppedQueue&& other) noexcept { append(other); }

    bool is_empty() const noexcept {
        look();
        return TaskQueue::is_empty();
    }
    std::size_t size() const noexcept {
        look();
        return TaskQueue::size();
    }
    void push(Runnable runnable) noexcept {
        is_remote_ = is_remote_ || try_current() == nullptr;
        look();
        TaskQueue::push(std::move(runnable));
    }
    std::optional<Runnable> pop() noexcept {
        look();
        return TaskQueue::pop();
    }
    void append(SteppedQueue& other) noexcept {
        look();
        other.look();
        TaskQueue::append(other);
    }

  private:
    void look() const noexcept { support::uses_without_lock += is_remote_ && !support::holds_remote_mutex; }

    bool is_remote_ = false;
};

}  // namespace rt

#define Mutex RemoteMutex
#define Lock RemoteLock
#define TaskQueue SteppedQueue
#define CurrentThread SteppedCurrentThread
#include <rt/current_thread.hpp>
#undef Mutex
#undef Lock
#undef TaskQueue
#undef CurrentThread
