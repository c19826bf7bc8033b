/// \file
/// `spawn_blocking(f, args...)`: calls an ordinary function, which may block, on a thread of the runtime's pool.
///
/// A future that blocks stops all other futures of its thread. So move a call that blocks, such as reading a
/// file or a long computation, to another thread, and await its result.
///
/// Source: `tokio::task::spawn_blocking`.
#pragma once

#include <rt/async.hpp>
#include <rt/blocking_pool.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/task.hpp>
#include <rt/todo.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace rt {

namespace detail {

template <class F, class... Args>
concept BlockingCallable = std::invocable<F, Args...> && !std::is_reference_v<std::invoke_result_t<F, Args...>>;

/// A future that calls `f(args...)` in its only poll. It owns `f` and the arguments, because the caller may be gone then.
template <class F, class... Args>
Async<std::invoke_result_t<F, Args...>> call_blocking(F f, Args... args) {
    // TODO(11.2) Call `f` with its arguments, and yield what it returns. Some arguments can only be moved.
    rt::todo("11.2 call the function", f, args...);
}

}  // namespace detail

/// Calls `f(args...)` soon, on a thread that may block. The handle returns the result, or throws what `f` threw. Called
/// from the tasks of a runtime. Calls begin in the order in which they were made.
///
/// `abort` ends a call that has not begun. A call that has begun runs to its end, and the runtime's destructor waits
/// for it. `spawn_blocking` throws a std::system_error if the pool has no thread and can't start one.
template <class F, class... Args>
    requires detail::BlockingCallable<F, Args...>
JoinHandle<std::invoke_result_t<F, Args...>> spawn_blocking(F f, Args... args) {
    using T = std::invoke_result_t<F, Args...>;
    static_assert(!Future<T>, "spawn_blocking calls an ordinary function, but this one returns a future. Use spawn.");
    static_assert(
        is_send<F> && (is_send<Args> && ...) && is_send<T>,
        "spawn_blocking: the callable, an argument, or the result is bound to its thread (ThreadBound). Copy what the "
        "job needs instead.");
    auto& pool = current("spawn_blocking").service<BlockingPool>();
    // TODO(11.2) Make a task of the call, let the pool run it, and return its handle.
    todo("11.2 submit the call", pool, f, args...);
}

/// Advice for a call that is not possible.
template <class F, class... Args>
    requires(!detail::BlockingCallable<F, Args...>)
void spawn_blocking(const F&, const Args&...) {
    static_assert(std::invocable<F, Args...>,
                  "spawn_blocking can't call f with these arguments. Pass a callable that takes exactly them.");
    static_assert(!std::invocable<F, Args...>,
                  "spawn_blocking can't return a reference. Return a value or a pointer instead.");
}

}  // namespace rt
