/// \file
/// `Scheduler`: what every runtime is to the futures that run on it. `current()`: the one that polls us now. `spawn`.
///
/// A runtime is a queue of tasks over a Park. Everything else (timers, the reactor, the pool for blocking work) is a
/// service: one object per type and runtime, made when someone first asks for it. No header before a service's own
/// names it; it gets in through three doors:
///
///   service<T>()      makes `T(scheduler)` at first use, and destroys it with the runtime
///   wrap_park(outer)  the runtime sleeps in `outer` from now on, and `outer` in what was there before (timers)
///   set_base(base)    the innermost sleep is `base` from now on (epoll)
///
/// At the end all tasks go first, so that no future outlives the services it uses; then the services, the youngest first.
///
/// Source of the idea: Tokio's runtime `Handle`; the services, Asio's `use_service`.
#pragma once

#include <rt/budget.hpp>
#include <rt/park.hpp>
#include <rt/send.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <new>
#include <optional>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rt {

class Scheduler;

namespace detail {

/// The scheduler whose task this thread is polling; null elsewhere.
inline constinit thread_local Scheduler* current_scheduler = nullptr;

/// How many types of services a program may name.
inline constexpr std::size_t max_services = 16;

/// A number for each service type, counted up as they are first named.
inline std::size_t next_service_index() noexcept {
    static Atomic<std::size_t> next{0};
    std::size_t index = next.fetch_add(1, relaxed);
    if (index >= max_services) {
        violation("a program names more types of services than a Scheduler has room for: raise max_services");
    }
    return index;
}
template <class T>
std::size_t service_index() noexcept {
    static const std::size_t index = next_service_index();
    return index;
}

}  // namespace detail

/// A Park that passes everything on to another, which can be changed while threads sleep in it.
class ParkSlot final : public Park {
  public:
    explicit ParkSlot(Park* target) noexcept : target_(target) {}

    void park(std::optional<Instant> deadline) override { target_.load(acquire)->park(deadline); }

    /// Reads the target by writing it, so that this and `change_to` happen one after the other in the eyes of all. If this
    /// comes first, whatever the caller made ready is seen by whoever `change_to` sends to look; else the new target is hit.
    void unpark() noexcept override { target_.fetch_add(0, acq_rel)->unpark(); }

    /// Passes on to `target` from now on. Whoever sleeps in the old target is sent out of it, and whoever has just
    /// entered the new one looks once more: an unpark that still went to the old one is thereby not lost.
    void change_to(Park& target) noexcept {
        Park* old = target_.exchange(&target, acq_rel);
        old->unpark();
        target.unpark();
    }

  private:
    Atomic<Park*> target_;
};

/// Where a runtime sleeps until a service brings a better way. A base of its own, so that it is there before the Scheduler, which
/// points to it.
class OwnPark {
  protected:
    ThreadPark& thread_park() noexcept { return thread_park_; }

  private:
    ThreadPark thread_park_;
};

/// The base of all runtimes.
class Scheduler : public Schedule {
  public:
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    /// Makes a task of `future` and queues it. Called from this runtime's tasks, and on its owner's thread before it runs.
    template <Future F>
    JoinHandle<OutputOf<F>> spawn(F future, std::source_location where = std::source_location::current()) {
        auto [runnable, handle] = make_task(std::move(future), *this, Owned::yes, where);
        launch(std::move(runnable));
        return std::move(handle);
    }

    /// The service of type `T`; made by `T(*this)` if this is the first call. Called from any thread, and by the
    /// constructors of services that need others.
    template <class T>
    T& service();
    /// The service of type `T` if it has been made.
    template <class T>
    T* find_service() noexcept;
    /// Declares `service`, which the caller owns and keeps longer than the runtime, to be the one of type `T`. Called
    /// before the runtime runs, by a Park that is also a service.
    template <class T>
    void adopt_service(T& service);

    /// Where this runtime sleeps, and what ends its sleep.
    Park& park() noexcept { return outer_; }
    /// The innermost sleep, around which the others lie.
    Park& base_park() noexcept { return base_; }
    /// Lets the runtime sleep in `outer`, which is to sleep in `base_park()`. Tasks that a Park wakes while its owner's thread
    /// is in it leave no token: having woken any, it returns and does not sleep.
    void wrap_park(Park& outer) noexcept { outer_.change_to(outer); }
    /// Lets the innermost sleep be in `base`.
    void set_base(Park& base) noexcept { base_.change_to(base); }

    /// Counts work that is under way outside of the tasks, on a thread of a pool: while there is some, the runtime is not
    /// idle, and a paused clock (lesson 14) does not jump.
    void begin_outside_work() noexcept { outside_work_.fetch_add(1, relaxed); }
    void end_outside_work() noexcept {
        if (outside_work_.fetch_sub(1, seq_cst) != 1 || !is_end_awaited_.load(seq_cst)) {
            return;
        }
        Lock lock(services_mutex_);
        if (!closed_) {
            park().unpark();
        }
    }
    /// From now on the runtime is unparked when the last of the outside work ends. Either that sees this call, or
    /// `has_outside_work` sees the end from now on. Called by who must look once more then: a clock that is paused.
    void await_outside_work() noexcept { is_end_awaited_.store(true, seq_cst); }
    bool has_outside_work() const noexcept { return outside_work_.load(seq_cst) != 0; }

    /// True if tasks run on more threads than one: then they must be Send, and the clock cannot be paused.
    virtual bool is_multi_threaded() const noexcept = 0;

    /// True if nothing is ready to be polled. Asked on the runtime's thread by the timers (lesson 14), before a paused clock
    /// jumps; a runtime whose clock cannot be paused need not answer.
    virtual bool is_idle() const noexcept { return false; }

  protected:
    explicit Scheduler(Park* base) noexcept : base_(base), outer_(&base_) {}
    ~Scheduler() = default;

    /// Puts a newborn, owned task into the list and its Runnable into a queue; during shutdown, drops the Runnable.
    virtual void launch(Runnable runnable) noexcept = 0;

    /// Called by the runtime's destructor, after the last task has gone.
    void close_services() noexcept {
        {
            Lock lock(services_mutex_);
            closed_ = true;  // the parks are services too: from now on nobody enters them
        }
        while (!owned_services_.empty()) {
            std::function<void()> destroy = std::move(owned_services_.back());
            owned_services_.pop_back();
            destroy();
        }
    }

  private:
    class MakesService;

    ParkSlot base_;
    ParkSlot outer_;
    Atomic<int> outside_work_{0};
    Atomic<bool> is_end_awaited_{false};
    std::array<Atomic<void*>, detail::max_services> services_{};
    Mutex services_mutex_;                               // for making a service, not for finding it
    Atomic<ThreadId> makes_service_{};                   // the thread that has the lock to make one
    std::vector<std::function<void()>> owned_services_;  // each destroys one; the youngest is last
    bool closed_ = false;                                // under services_mutex_
};

/// Holds the lock while a service is made. A service that asks for another in its constructor comes by a second time, on
/// the same thread: nobody else ever finds its own identity in `makes_service_`.
class Scheduler::MakesService {
  public:
    explicit MakesService(Scheduler& scheduler)
        : scheduler_(scheduler), lock_(scheduler.services_mutex_, std::defer_lock) {
        if (scheduler_.makes_service_.load(relaxed) != this_thread_id()) {
            lock_.lock();
            scheduler_.makes_service_.store(this_thread_id(), relaxed);
        }
    }
    MakesService(const MakesService&) = delete;
    MakesService& operator=(const MakesService&) = delete;
    ~MakesService() {
        if (lock_) {
            scheduler_.makes_service_.store(ThreadId(), relaxed);
        }
    }

  private:
    Scheduler& scheduler_;
    Lock lock_;
};

template <class T>
T* Scheduler::find_service() noexcept {
    return static_cast<T*>(services_[detail::service_index<T>()].load(acquire));
}

template <class T>
void Scheduler::adopt_service(T& service) {
    services_[detail::service_index<T>()].store(&service, release);
}

template <class T>
T& Scheduler::service() {
    if (T* found = find_service<T>()) {
        return *found;
    }
    MakesService makes(*this);
    if (T* found = find_service<T>()) {
        return *found;
    }
    T* made = new T(*this);  // may wrap the park, and make services that it needs: those are older, and outlive it
    owned_services_.push_back([this, made] {
        services_[detail::service_index<T>()].store(nullptr, release);
        delete made;
    });
    adopt_service(*made);
    return *made;
}

/// Makes `scheduler` the current one of this thread, while it exists. Made by runtimes.
class EnterScheduler {
  public:
    explicit EnterScheduler(Scheduler& scheduler) noexcept
        : before_(std::exchange(detail::current_scheduler, &scheduler)) {}
    EnterScheduler(const EnterScheduler&) = delete;
    EnterScheduler& operator=(const EnterScheduler&) = delete;
    ~EnterScheduler() { detail::current_scheduler = before_; }

  private:
    Scheduler* before_;
};

/// The runtime that polls the caller, or null outside of one.
inline Scheduler* try_current() noexcept { return detail::current_scheduler; }

/// The runtime that polls the caller; `what` needs one, and outside of one the program ends with a sentence that says so.
inline Scheduler& current(const char* what = "rt::current") noexcept {
    if (detail::current_scheduler == nullptr) {
        violation("needs a runtime: call it inside of a future that runtime.block_on or rt::run runs", what);
    }
    return *detail::current_scheduler;
}

namespace detail {

/// A future that calls `f(args...)` at its first poll and then is the future which that returned. It keeps the callable and
/// the arguments: a lambda that is a coroutine finds its captures here as long as it runs, and a parameter that is a reference
/// what it refers to.
template <class F, class... Args>
class AsyncCall {
    using Inner = std::invoke_result_t<F&, Args...>;

  public:
    using Output = OutputOf<Inner>;

    explicit AsyncCall(F f, Args... args) : f_(std::move(f)), args_(std::move(args)...) {}
    /// Moved before its first poll only, when there is no inner future yet.
    AsyncCall(AsyncCall&& other) noexcept
        : contract_(std::move(other.contract_)), f_(std::move(other.f_)), args_(std::move(other.args_)) {}
    ~AsyncCall() {
        if (was_called_) {
            inner().~Inner();
        }
    }

    Poll<Output> poll(Context& cx) {
        contract_.begin("spawned callable");
        if (!was_called_) {
            auto call = [this](Args&... each) { ::new (inner_) Inner(std::invoke(f_, std::move(each)...)); };
            std::apply(call, args_);
            was_called_ = true;
        }
        Poll<Output> poll = inner().poll(cx);
        if (poll.is_pending()) {
            return contract_.pending();
        }
        return poll;
    }

  private:
    Inner& inner() noexcept { return *std::launder(reinterpret_cast<Inner*>(inner_)); }

    [[no_unique_address]] Contract contract_;
    bool was_called_ = false;
    F f_;
    std::tuple<Args...> args_;
    // After it: the future. Zeros before, since g++ 12 warns of an optional here that it cannot see to be empty.
    alignas(Inner) std::byte inner_[sizeof(Inner)]{};
};

template <class F, class... Args>
concept AsyncCallable = std::invocable<F&, Args...> && Future<std::invoke_result_t<F&, Args...>>;

/// The current runtime, if it has one thread only.
inline Scheduler& current_local() noexcept {
    Scheduler& scheduler = current("spawn_local");
    if (scheduler.is_multi_threaded()) {
        violation("spawn_local on a multi_thread runtime: its tasks change threads; use a current_thread runtime");
    }
    return scheduler;
}

}  // namespace detail

/// Starts `future` as a task of the current runtime; it runs whether or not the handle is awaited.
template <Future F>
JoinHandle<OutputOf<F>> spawn(F future, std::source_location where = std::source_location::current()) {
    static_assert(is_send<F>, "spawn: this future is bound to its thread (ThreadBound); use spawn_local");
    return current("spawn").spawn(std::move(future), where);
}

/// Starts `f()` as a task. The callable is moved into the task and lives as long as it does, so `f` may be a lambda with
/// captures.
template <class F>
    requires(!Future<F> && detail::AsyncCallable<F>)
auto spawn(F f, std::source_location where = std::source_location::current()) {
    static_assert(is_send<F>, "spawn: this callable is bound to its thread (ThreadBound); use spawn_local");
    return current("spawn").spawn(detail::AsyncCall<F>(std::move(f)), where);
}

/// Starts `f(args...)` as a task. The callable and its arguments are moved into the task, and live as long as it does. (No room is left for the place of
/// the call: messages about such a task say so.)
template <class F, class... Args>
    requires(sizeof...(Args) > 0 && detail::AsyncCallable<F, Args...>)
auto spawn(F f, Args... args) {
    static_assert(is_send<F> && (is_send<Args> && ...),
                  "spawn: the callable or an argument is bound to its thread (ThreadBound); use spawn_local");
    return current("spawn").spawn(detail::AsyncCall<F, Args...>(std::move(f), std::move(args)...),
                                  std::source_location());
}

/// Chosen when there is nothing to run, to say so.
template <class F, class... Args>
    requires(!detail::AsyncCallable<F, Args...> && (!Future<F> || sizeof...(Args) > 0))
auto spawn(const F&, const Args&...) {
    static_assert(detail::AsyncCallable<F, Args...>,
                  "spawn needs a future, or a callable and arguments that give one: an Async<T>, say");
}

/// As `spawn`, for what must not change threads. Only on a runtime with one thread.
template <Future F>
JoinHandle<OutputOf<F>> spawn_local(F future, std::source_location where = std::source_location::current()) {
    return detail::current_local().spawn(std::move(future), where);
}
template <class F>
    requires(!Future<F> && detail::AsyncCallable<F>)
auto spawn_local(F f, std::source_location where = std::source_location::current()) {
    return detail::current_local().spawn(detail::AsyncCall<F>(std::move(f)), where);
}
template <class F, class... Args>
    requires(sizeof...(Args) > 0 && detail::AsyncCallable<F, Args...>)
auto spawn_local(F f, Args... args) {
    return detail::current_local().spawn(detail::AsyncCall<F, Args...>(std::move(f), std::move(args)...),
                                         std::source_location());
}
template <class F, class... Args>
    requires(!detail::AsyncCallable<F, Args...> && (!Future<F> || sizeof...(Args) > 0))
auto spawn_local(const F&, const Args&...) {
    static_assert(detail::AsyncCallable<F, Args...>,
                  "spawn_local needs a future, or a callable and arguments that give one: an Async<T>, say");
}

}  // namespace rt
