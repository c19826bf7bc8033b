/// \file
/// Given: `spawn`, which starts a task on the current runtime. It accepts a future, or a callable and its arguments.
///
/// Source: `tokio::spawn` and `tokio::task::spawn_local`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/task.hpp>
#include <rt/violation.hpp>

#include <concepts>
#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace rt {

namespace detail {

template <class F, class... Args>
concept AsyncCallable = std::invocable<F&, Args...> && Future<std::invoke_result_t<F&, Args...>>;

/// Calls `f(args...)` and awaits the future that it returns. The coroutine keeps `f` and `args` until then, because `f`
/// may be a lambda whose coroutine uses its captures, and its parameters may be references.
template <class F, class... Args>
Async<OutputOf<std::invoke_result_t<F&, Args...>>> call(F f, Args... args) {
    auto future = std::invoke(f, std::move(args)...);
    co_return co_await future;
}

/// The current runtime. Ends the program if that has several threads.
inline Scheduler& current_local() noexcept {
    Scheduler& scheduler = current("spawn_local");
    if (scheduler.is_multi_threaded()) {
        violation("spawn_local on a multi_thread runtime: its tasks change threads; use a current_thread runtime");
    }
    return scheduler;
}

}  // namespace detail

/// Starts `future` as a task of the current runtime. The task runs even if nobody awaits the handle.
template <Future F>
JoinHandle<OutputOf<F>> spawn(F future, std::source_location where = std::source_location::current()) {
    static_assert(is_send<F>, "spawn: this future is bound to its thread (ThreadBound); use spawn_local");
    return current("spawn").spawn(std::move(future), where);
}

/// Starts `f()` as a task. The task keeps `f`, so `f` may be a lambda with captures.
template <class F>
    requires(!Future<F> && detail::AsyncCallable<F>)
auto spawn(F f, std::source_location where = std::source_location::current()) {
    static_assert(is_send<F>, "spawn: this callable is bound to its thread (ThreadBound); use spawn_local");
    return current("spawn").spawn(detail::call(std::move(f)), where);
}

/// Starts `f(args...)` as a task, which keeps `f` and `args`. Messages about it can't say where it was spawned, because
/// no parameter can follow the arguments.
template <class F, class... Args>
    requires(sizeof...(Args) > 0 && detail::AsyncCallable<F, Args...>)
auto spawn(F f, Args... args) {
    static_assert(is_send<F> && (is_send<Args> && ...),
                  "spawn: the callable or an argument is bound to its thread (ThreadBound); use spawn_local");
    return current("spawn").spawn(detail::call(std::move(f), std::move(args)...), std::source_location());
}

/// Advice for a call with something that can't be spawned.
template <class F, class... Args>
    requires(!detail::AsyncCallable<F, Args...> && (!Future<F> || sizeof...(Args) > 0))
auto spawn(const F&, const Args&...) {
    static_assert(detail::AsyncCallable<F, Args...>,
                  "spawn needs a future, or a callable and arguments that give one: an Async<T>, say");
}

/// Does what `spawn` does, for a task that must stay on this thread. Needs a runtime with one thread.
template <Future F>
JoinHandle<OutputOf<F>> spawn_local(F future, std::source_location where = std::source_location::current()) {
    return detail::current_local().spawn(std::move(future), where);
}
template <class F>
    requires(!Future<F> && detail::AsyncCallable<F>)
auto spawn_local(F f, std::source_location where = std::source_location::current()) {
    return detail::current_local().spawn(detail::call(std::move(f)), where);
}
template <class F, class... Args>
    requires(sizeof...(Args) > 0 && detail::AsyncCallable<F, Args...>)
auto spawn_local(F f, Args... args) {
    return detail::current_local().spawn(detail::call(std::move(f), std::move(args)...), std::source_location());
}
template <class F, class... Args>
    requires(!detail::AsyncCallable<F, Args...> && (!Future<F> || sizeof...(Args) > 0))
auto spawn_local(const F&, const Args&...) {
    static_assert(detail::AsyncCallable<F, Args...>,
                  "spawn_local needs a future, or a callable and arguments that give one: an Async<T>, say");
}

}  // namespace rt
