/// \file
/// Given: `Scheduler`, the base of every runtime, and `current()`, the runtime that polls the caller. Read `spawn`, which
/// calls the `launch` that you write.
///
/// A runtime is a queue of tasks over a Park. Everything else is a service: the pool of lesson 11, the reactor, the
/// timers. A runtime makes a service when code first asks for it, so this header names none. A service may change how
/// the runtime sleeps. When the runtime is destroyed, all tasks go first, because their futures use the services.
///
/// Source: Tokio's runtime `Handle`, and Asio's `use_service`.
#pragma once

#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <source_location>
#include <utility>
#include <vector>

namespace rt {

/// A Park that passes all calls on to another Park. A service may replace that other Park.
///
/// Thread safety: all functions but `park` may be called from any thread, also while another thread sleeps in `park`.
class ParkSlot final : public Park {
  public:
    explicit ParkSlot(Park* target) noexcept : target_(target) {}

    void park(std::optional<Instant> deadline) override { target_.load(acquire)->park(deadline); }
    bool has_more() const noexcept override { return target_.load(acquire)->has_more(); }

    /// Uses a read-modify-write (adding 0) instead of a load, so that it is totally ordered with `change_to`. If
    /// `unpark` comes first, the thread that `change_to` wakes sees what the caller of `unpark` has made ready.
    /// Otherwise `unpark` unparks the new target.
    void unpark() noexcept override { target_.fetch_add(0, acq_rel)->unpark(); }

    /// Passes on to `target` from now on. Unparks both targets: the old one because a thread may sleep in it, the new
    /// one because a thread that has just entered it must look once more, in case an unpark still went to the old one.
    void change_to(Park& target) noexcept {
        Park* old = target_.exchange(&target, acq_rel);
        old->unpark();
        target.unpark();
    }

  private:
    Atomic<Park*> target_;
};

class Scheduler;

namespace detail {

/// The runtime whose futures this thread is polling, or null.
inline constinit thread_local Scheduler* current_scheduler = nullptr;
/// The runtime for which this thread runs blocking jobs, or null.
inline constinit thread_local Scheduler* serves_blocking = nullptr;

}  // namespace detail

class Scheduler : public Schedule {
  public:
    /// Makes a task of `future` and queues it. Called by the runtime's tasks, or by its owner's thread before they run.
    template <Future F>
    JoinHandle<OutputOf<F>> spawn(F future, std::source_location where = std::source_location::current()) {
        auto [runnable, handle] = make_task(std::move(future), *this, Owned::yes, where);
        launch(std::move(runnable));
        return std::move(handle);
    }

    // What services need, in lessons 11 to 16:
    /// The service of type `T`. The first call makes it: `T(*this)`. Called from any thread.
    template <class T>
    T& service() {
        if (T* found = find_service<T>()) {
            return *found;
        }
        RecursiveLock lock(services_mutex_);  // recursive, because the constructor of a service may ask for another one
        if (T* found = find_service<T>()) {
            return *found;
        }
        T* made = new T(*this);
        destructors_.push_back([this, made] {
            services_[index_of<T>()].store(nullptr, release);
            delete made;
        });
        services_[index_of<T>()].store(made, release);
        return *made;
    }
    /// The service of type `T`, or null if it has not been made. Takes no lock.
    template <class T>
    T* find_service() const noexcept {
        return static_cast<T*>(services_[index_of<T>()].load(acquire));
    }

    /// Where this runtime sleeps, and where other threads end its sleep.
    Park& park() noexcept { return outer_; }
    /// The innermost Park: a condition variable, or what `set_base` put in its place.
    Park& base_park() noexcept { return base_; }
    /// Lets the runtime sleep in `outer`, for example in the timers, which sleep in `base_park()`. If `outer` wakes a
    /// task on the runtime's thread, it must return without sleeping, because such a wake leaves no token.
    void wrap_park(Park& outer) noexcept { outer_.change_to(outer); }
    /// Makes `base` the innermost Park, for example the reactor, which sleeps in epoll.
    void set_base(Park& base) noexcept { base_.change_to(base); }

    /// Counts work that is under way outside of tasks, for example on a thread of the pool. A paused clock (lesson 14)
    /// doesn't jump meanwhile. Called from any thread.
    void begin_outside_work() noexcept { outside_work_.fetch_add(1, relaxed); }
    /// Unparks the runtime when no such work is left, so that it looks at its clock again.
    void end_outside_work() noexcept {
        if (outside_work_.fetch_sub(1, acq_rel) == 1) {
            RecursiveLock lock(services_mutex_);
            if (!services_closed_) {  // the parks are services, too
                park().unpark();
            }
        }
    }
    bool has_outside_work() const noexcept { return outside_work_.load(acquire) != 0; }

    /// True if tasks run on more than one thread, so that they must be Send.
    virtual bool is_multi_threaded() const noexcept = 0;

    /// True if nothing is ready to be polled. Called on the runtime's thread by the timers, before a paused clock
    /// jumps. A runtime whose clock can't be paused need not override this.
    virtual bool is_idle() const noexcept { return false; }

  protected:
    /// Sleeps on a condition variable until a service brings another Park.
    Scheduler() noexcept : base_(&thread_park_), outer_(&base_) {}
    /// Sleeps in `base`.
    explicit Scheduler(Park& base) noexcept : base_(&base), outer_(&base_) {}
    ~Scheduler() = default;

    /// Puts a new task into the list of tasks and its Runnable into a queue. In a shutdown, drops the Runnable.
    virtual void launch(Runnable runnable) noexcept = 0;

    /// Ends the program where a runtime can't wait for its threads and tasks. Called first by a runtime's destructor.
    void require_may_close(const char* name) const noexcept {
        if (detail::runs_futures) {
            violation(
                "was destroyed inside a future, which would stop every other task of the thread. Let ordinary code own "
                "it.",
                name);
        }
        if (detail::serves_blocking == this) {
            violation(
                "was destroyed by a job of its own spawn_blocking, and would wait for that job forever. Let ordinary "
                "code own it.",
                name);
        }
    }

    /// Destroys the services, the youngest first, because a service uses those that its constructor asked for. Called by
    /// the runtime's destructor, when the last task has gone.
    void close_services() noexcept {
        {
            RecursiveLock lock(services_mutex_);
            services_closed_ = true;
        }
        while (!destructors_.empty()) {
            std::function<void()> destroy = std::move(destructors_.back());
            destructors_.pop_back();
            destroy();
        }
    }

  private:
    static constexpr std::size_t max_services = 16;  // types of services in a program
    static inline Atomic<std::size_t> next_index_{0};

    template <class T>
    static std::size_t index_of() noexcept {
        static const std::size_t index = next_index_.fetch_add(1, relaxed);
        if (index >= max_services) {
            violation(
                "the program uses more types of services than a runtime has room for. Increase "
                "Scheduler::max_services.");
        }
        return index;
    }

    ThreadPark thread_park_;
    ParkSlot base_;
    ParkSlot outer_;
    Atomic<int> outside_work_{0};
    std::array<Atomic<void*>, max_services> services_{};
    RecursiveMutex services_mutex_;
    std::vector<std::function<void()>> destructors_;  // under services_mutex_
    bool services_closed_ = false;                    // under services_mutex_
};

/// Makes `scheduler` the current runtime of this thread while this object exists. Made by runtimes.
class EnterScheduler {
  public:
    explicit EnterScheduler(Scheduler& scheduler) noexcept
        : before_(std::exchange(detail::current_scheduler, &scheduler)) {}
    EnterScheduler(const EnterScheduler&) = delete;
    EnterScheduler& operator=(const EnterScheduler&) = delete;
    ~EnterScheduler() {
        detail::current_scheduler = before_;
        budget::lift();
    }

  private:
    Scheduler* before_;
};

/// The runtime that polls the caller, or null outside of one.
inline Scheduler* try_current() noexcept { return detail::current_scheduler; }

/// The runtime that polls the caller. Outside of a runtime, ends the program, and says that `what` needs one.
inline Scheduler& current(const char* what = "rt::current") noexcept {
    if (detail::current_scheduler == nullptr) {
        violation("was used without a runtime. Use it inside a future that runtime.block_on or rt::run runs.", what);
    }
    return *detail::current_scheduler;
}

}  // namespace rt
