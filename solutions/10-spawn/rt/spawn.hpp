/// \file
/// Given: `spawn`, which starts a task on the current runtime. It accepts a future, or a callable and its arguments.
///
/// Source: `tokio::spawn` and `tokio::task::spawn_local`.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
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

/// Calls `f(args...)` and awaits the future that it returns. The coroutine keeps `f` and `args` until that future is
/// done, because `f` may be a lambda whose coroutine uses its captures, and the parameters of `f` may be references.
template <class F, class... Args>
Async<OutputOf<std::invoke_result_t<F&, Args...>>> call(F f, Args... args) {
    auto future = std::invoke(f, std::move(args)...);
    co_return co_await future;
}

/// The future of a new task: `f` itself, or the one that `f(args...)` returns.
template <class F, class... Args>
auto to_future(F&& f, Args&&... args) {
    if constexpr (Future<F> && sizeof...(Args) == 0) {
        return F(std::move(f));
    } else if constexpr (AsyncCallable<F, Args...>) {
        return call(std::move(f), std::move(args)...);
    } else {
        static_assert(AsyncCallable<F, Args...>,
                      "spawn needs a future, or a callable whose result is a future. Pass an Async<T>, for example.");
        return ready();
    }
}

/// Does what `to_future` does, for a task that may change threads.
template <class F, class... Args>
auto to_send_future(F&& f, Args&&... args) {
    static_assert(
        is_send<F> && (is_send<Args> && ...),
        "spawn: the future, the callable, or an argument is bound to its thread (ThreadBound). Use spawn_local.");
    return to_future(std::move(f), std::move(args)...);
}

}  // namespace detail

/// Starts a task of the current runtime, and returns its handle. The task runs even if nobody awaits the handle. `f` is
/// a future, or a callable that returns one. The task keeps `f`, so `f` may be a lambda with captures.
template <class F>
auto spawn(F f, std::source_location where = std::source_location::current()) {
    return current("spawn").spawn(detail::to_send_future(std::move(f)), where);
}

/// Starts `f(args...)` as a task, which keeps `f` and `args`. Messages about it can't say where it was spawned, because
/// no parameter can follow the arguments.
template <class F, class... Args>
    requires(sizeof...(Args) > 0)
auto spawn(F f, Args... args) {
    return current("spawn").spawn(detail::to_send_future(std::move(f), std::move(args)...), std::source_location());
}

/// Does what `spawn` does, for a task that must stay on this thread. Needs a runtime with one thread.
template <class F>
auto spawn_local(F f, std::source_location where = std::source_location::current()) {
    Scheduler& scheduler = current("spawn_local");
    if (scheduler.is_multi_threaded()) {
        violation(
            "spawn_local was called on a multi_thread runtime, whose tasks change threads. Use a current_thread "
            "runtime.");
    }
    return scheduler.spawn(detail::to_future(std::move(f)), where);
}

}  // namespace rt
