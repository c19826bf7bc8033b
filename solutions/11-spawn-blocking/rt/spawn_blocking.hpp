/// \file
/// `spawn_blocking(f, args...)`: calls an ordinary function, which may block, on a thread of a pool.
///
/// A future must never stand still: while it does, so does everything else on its thread. What cannot help it (a file,
/// a long calculation, a library that knows nothing of wakers) is called over there, and awaited here.
///
/// Source of the idea: `tokio::task::spawn_blocking`.
#pragma once

#include <rt/blocking_pool.hpp>
#include <rt/future.hpp>
#include <rt/scheduler.hpp>
#include <rt/send.hpp>
#include <rt/task.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rt {

namespace detail {

/// A future that calls `f(args...)` in its only poll.
template <class F, class... Args>
class BlockingCall {
  public:
    using Output = std::invoke_result_t<F, Args...>;

    BlockingCall(F f, Args... args) : f_(std::move(f)), args_(std::move(args)...) {}

    Poll<Output> poll(Context&) {
        contract_.begin("spawn_blocking");
        auto call = [this](Args&... args) -> Output { return std::invoke(std::move(f_), std::move(args)...); };
        if constexpr (std::is_void_v<Output>) {
            std::apply(call, args_);
            return Ready();
        } else {
            return Ready<Output>(std::apply(call, args_));
        }
    }

  private:
    [[no_unique_address]] Contract contract_;
    F f_;
    std::tuple<Args...> args_;
};

/// A future that throws: of a job that no thread could be found for.
template <class T>
class Refused {
  public:
    using Output = T;

    explicit Refused(std::exception_ptr why) noexcept : why_(std::move(why)) {}

    Poll<T> poll(Context&) { std::rethrow_exception(std::move(why_)); }

  private:
    std::exception_ptr why_;
};

template <class F, class... Args>
concept BlockingCallable = std::invocable<F, Args...> && !std::is_reference_v<std::invoke_result_t<F, Args...>>;

}  // namespace detail

/// Calls `f(args...)` on a thread that may block, soon; the handle yields the result, or throws what `f` threw. Called
/// from the tasks of a runtime.
///
/// `abort` ends a job that has not begun; one that runs, runs to its end, and the end of the runtime waits for it. Jobs
/// begin in the order of their calls. If no thread can be started at all, the handle throws the std::system_error that
/// says why.
template <class F, class... Args>
    requires detail::BlockingCallable<F, Args...>
auto spawn_blocking(F f, Args... args) {
    using T = std::invoke_result_t<F, Args...>;
    static_assert(!Future<T>,
                  "spawn_blocking calls a plain function: one that gives a future never blocks, so spawn it");
    static_assert(is_send<F> && (is_send<Args> && ...) && is_send<T>,
                  "spawn_blocking: the callable, an argument or the result is bound to its thread (ThreadBound)");
    auto& pool = current("spawn_blocking").service<BlockingPool>();
    auto [job, handle] = make_task(detail::BlockingCall<F, Args...>(std::move(f), std::move(args)...), pool);
    if (std::exception_ptr refusal = pool.submit(job)) {
        auto [refused, refused_handle] = make_task(detail::Refused<T>(std::move(refusal)), pool);
        std::move(refused).run();
        return std::move(refused_handle);
    }
    return std::move(handle);
}

/// Chosen when that is not possible, to say why.
template <class F, class... Args>
    requires(!detail::BlockingCallable<F, Args...>)
void spawn_blocking(const F&, const Args&...) {
    static_assert(std::invocable<F, Args...>, "spawn_blocking needs something to call, and the arguments it takes");
    static_assert(!std::invocable<F, Args...>, "spawn_blocking: return a value or a pointer, not a reference");
}

}  // namespace rt
