/// \file
/// A BlockingPool whose threads a test counts, and stops at the moment at which they would sleep (driven_condvar.hpp).
#pragma once

#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>
#include <support/driven_condvar.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <latch>
#include <system_error>
#include <utility>

namespace rt {

/// A lock that calls a function of the test when its thread has released it.
class SeenLock : public Lock {
  public:
    using Lock::Lock;
    SeenLock(SeenLock&&) noexcept = default;
    ~SeenLock() {
        if (owns_lock()) {
            unlock();
        }
    }

    static inline thread_local std::function<void()> after_next_unlock;

    void unlock() {
        Lock::unlock();
        if (auto const call = std::exchange(after_next_unlock, nullptr)) {
            call();
        }
    }
};

}  // namespace rt

#define Condvar DrivenCondvar
#define Lock SeenLock
#include <rt/blocking_pool.hpp>  // IWYU pragma: export
#undef Condvar
#undef Lock

namespace support {

/// Counts the threads that a pool starts, and those that have ended. Lets starting fail.
class ThreadCounter {
  public:
    rt::BlockingOptions options(std::size_t max_threads, std::chrono::nanoseconds idle_time) {
        rt::BlockingOptions options;
        options.max_threads = max_threads;
        options.idle_time = idle_time;
        options.start_thread = [this](std::function<void()> body) {
            if (fails.load()) {
                throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "no thread");
            }
            started.fetch_add(1);
            return rt::Thread([this, body = std::move(body)] { run(body); });
        };
        return options;
    }
    /// Waits until `n` threads have ended.
    void wait_for_ended(int n) const {
        for (int now = ended.load(); now < n; now = ended.load()) {
            ended.wait(now);
        }
    }

    rt::Atomic<int> started{0};
    rt::Atomic<int> ended{0};
    rt::Atomic<bool> fails{false};
    /// What an idle thread does instead of sleeping, without the pool's lock. Set before the first job.
    std::function<void()> instead_of_sleeping;

  private:
    static inline constinit thread_local ThreadCounter* of_this_thread = nullptr;

    void run(const std::function<void()>& body) {
        of_this_thread = this;
        if (instead_of_sleeping) {
            rt::DrivenCondvar::instead_of_waiting = [] { of_this_thread->instead_of_sleeping(); };
        }
        body();
        ended.fetch_add(1);
        ended.notify_all();
    }
};

/// A place where threads wait until the test lets all of them go on.
class Gate {
  public:
    /// Called by a thread that is to wait here.
    void pass() {
        come_.fetch_add(1);
        come_.notify_all();
        opened_.wait();
    }
    /// Waits until `n` threads have come.
    void wait_for(int n) const {
        for (int now = come_.load(); now < n; now = come_.load()) {
            come_.wait(now);
        }
    }
    /// True if a thread has come.
    bool is_reached() const { return come_.load() > 0; }
    void open() {
        if (!is_open_.exchange(true)) {
            opened_.count_down();
        }
    }

  private:
    rt::Atomic<int> come_{0};
    rt::Atomic<bool> is_open_{false};
    std::latch opened_{1};
};

/// A pool, and jobs that are made by hand.
class PoolUnderTest {
  public:
    explicit PoolUnderTest(std::size_t max_threads, std::chrono::nanoseconds idle_time = std::chrono::hours(1)) {
        pool.set_options(threads.options(max_threads, idle_time));
    }
    PoolUnderTest(const PoolUnderTest&) = delete;
    PoolUnderTest& operator=(const PoolUnderTest&) = delete;
    ~PoolUnderTest() {
        blocked.open();
        asleep.open();
    }

    /// Submits a job that calls `call`.
    rt::JoinHandle<> submit(std::function<void()> call) {
        auto future = rt::poll_fn([call = std::move(call)](rt::Context&) -> rt::Poll<void> {
            call();
            return rt::Ready();
        });
        auto [job, handle] = rt::make_task(std::move(future), pool);
        pool.submit(std::move(job));
        return std::move(handle);
    }
    /// Submits a job that waits at `blocked`.
    rt::JoinHandle<> submit_blocker() {
        return submit([this] { blocked.pass(); });
    }
    /// From now on, a thread that would sleep for the first time waits at `asleep` instead.
    void hold_sleepers() {
        threads.instead_of_sleeping = [this] {
            rt::DrivenCondvar::instead_of_waiting = nullptr;
            asleep.pass();
        };
    }
    /// From now on, a thread that would sleep wakes up at once, `times` times. Then it sleeps.
    void wake_for_nothing(int times) {
        threads.instead_of_sleeping = [this, left = times]() mutable {
            if (left-- == 0) {
                rt::DrivenCondvar::instead_of_waiting = nullptr;
                sleeps_again_.store(true);
            }
        };
    }
    /// Waits until the only thread sleeps again after that, or has ended.
    void wait_for_sleep_or_end() const {
        while (!sleeps_again_.load() && threads.ended.load() == 0) {
            rt::yield_thread();
        }
    }
    /// From now on, the only thread waits at `asleep` instead of sleeping, and then until the pool notifies its threads. It
    /// reports that the thread waits a second time.
    void expect_no_wait_after_a_notification() {
        threads.instead_of_sleeping = [this, is_notified = false]() mutable {
            if (is_notified) {
                rt::violation(
                    "the pool closes, but one of its threads still waits for work. Look at `closing_` in the predicate, "
                    "too.");
            }
            asleep.pass();
            while (rt::DrivenCondvar::notifications.load() == notified_before_.load()) {
                rt::yield_thread();
            }
            is_notified = true;
        };
    }
    /// Waits until the thread is at `asleep`. Lets it go on when the pool notifies its threads again.
    void let_sleep_until_a_notification() {
        asleep.wait_for(1);
        notified_before_.store(rt::DrivenCondvar::notifications.load());
        asleep.open();
    }
    /// Waits until `job` has ended, or a thread is at `asleep`. True if the job has ended.
    bool ends_before_a_thread_sleeps(const rt::JoinHandle<>& job) const {
        bool is_asleep = false;
        while (!job.is_finished() && !is_asleep) {
            is_asleep = asleep.is_reached();
            rt::yield_thread();
        }
        return job.is_finished();
    }
    /// True while a job is counted as work outside of the runtime.
    bool has_outside_work() const { return runtime_.has_outside_work(); }
    /// Waits until `n` threads are idle.
    void wait_for_idle(std::size_t n) const {
        while (pool.idle_count() < n) {
            rt::yield_thread();
        }
    }

    Gate blocked;
    Gate asleep;
    ThreadCounter threads;

  private:
    rt::Atomic<bool> sleeps_again_{false};
    rt::Atomic<int> notified_before_{0};
    rt::CurrentThread runtime_;

  public:
    rt::BlockingPool pool{runtime_};
};

/// How often a pool has notified its threads.
inline int notifications() { return rt::DrivenCondvar::notifications.load(); }
/// How often it has notified all of them at once.
inline int notifications_of_all() { return rt::DrivenCondvar::notifications_of_all.load(); }

}  // namespace support
