/// \file
/// `Async<T>`: a coroutine that is a Future, whose body waits for any other future with `co_await`.
///
/// The compiler writes the state machine of lesson 04: the coroutine frame is the object, the suspension point is the
/// enum, and `resume` is the switch. This header adds our protocol, which the compiler doesn't know:
///
///   poll(cx)   1. If the body is suspended at a `co_await`, poll the future that it waits for. Still Pending: so are we.
///              2. Resume the body. It runs to its end, or to the next `co_await` whose future is Pending.
///   co_await   polls the future at once. If it is Pending, the body suspends and tells its promise what it waits for.
///
/// Invariants: only `poll` resumes the body, never a waker, so a body runs on the thread that polls it. A body that awaits
/// a million futures that are ready is one loop, and needs no more stack than one round. An Async that awaits an Async
/// polls it like any other future, so each level takes stack: about 110 bytes in release builds, and 1.5 kB in debug builds
/// with AddressSanitizer. The usual stack of 8 MB has room for 5,000 levels of those. To destroy a level takes less. (It is
/// not done in a loop, because the inner frame may use the outer one, and so must go first.)
///
/// Lifetimes: nothing of the body runs before the first poll, so it takes parameters by value. A reference would have to
/// outlive the whole wait. Parameters live until the frame is destroyed, locals until the body ends. The captures of a
/// lambda are in the lambda and not in the frame, so a capturing lambda that is a coroutine must outlive its `Async`.
/// Destroying an `Async` destroys its frame with all that is in it, which cancels the wait.
///
/// Alignment: compilers align a frame to 16 bytes, whatever is in it. Results, parameters, and futures that ask for more are
/// refused. A local variable can't be checked, so put one that asks for more, such as `__m256`, behind a std::unique_ptr.
///
/// Source of the idea: what Rust's `async fn` and `.await` mean.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>
#include <rt/violation.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace rt {

template <class T>
class Async;

namespace detail {

/// True if a T asks for more alignment than a coroutine frame has.
template <class T>
concept OverAligned = !std::is_reference_v<T> && alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;

template <Future F>
class Awaiter;

/// What a suspended body waits for: something to poll, of whatever type.
class Leaf {
  public:
    /// True when the future is done and the body may be resumed.
    virtual bool poll(Context& cx) noexcept = 0;

  protected:
    ~Leaf() = default;
};

/// The part of an Async's promise that doesn't depend on what the Async yields.
class AsyncPromise : public Recycled {
  public:
    // A body starts at the first poll, and its frame stays until the Async destroys it.
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }

    /// Called by the compiler for `co_await future`.
    template <class F>
    auto await_transform(F&& future) noexcept {
        using Awaited = std::remove_reference_t<F>;
        using Mutable = std::remove_const_t<Awaited>;
        if constexpr (Future<Awaited>) {
            static_assert(
                !OverAligned<OutputOf<Awaited>> && !OverAligned<F>,
                "co_await: the future or its result is aligned to more than 16 bytes, and a coroutine frame is "
                "not: put it behind a std::unique_ptr");
            return Awaiter<Awaited>(future, *this);
        } else {
            static_assert(!Future<Mutable>,
                          "co_await of a const future: polling changes a future, so it must not be const");
            static_assert(Future<Mutable>,
                          "co_await needs a future, something with `Output` and `Poll<Output> poll(Context&)`: "
                          "here futures are polled, so values and the awaitables of other libraries cannot be awaited");
            return std::suspend_never{};
        }
    }

    /// Called by the Awaiter: what to poll with, and what the body waits for from now on.
    Context& context() const noexcept { return *cx_; }
    void wait_for(Leaf& leaf) noexcept { leaf_ = &leaf; }

    /// Both steps of a poll. True if the body has reached its end.
    bool run(std::coroutine_handle<> body, Context& cx) noexcept {
        cx_ = &cx;
        if (leaf_ == nullptr || leaf_->poll(cx)) {
            body.resume();
        }
        cx_ = nullptr;
        return body.done();
    }

    /// True during a poll.
    bool is_running() const noexcept { return cx_ != nullptr; }

  private:
    Leaf* leaf_ = nullptr;   // what the suspended body waits for; null before the first poll
    Context* cx_ = nullptr;  // of the poll that is running
};

/// One `co_await future`. It lives in the coroutine frame beside the future, as long as that expression does.
///
/// Its constructor polls nothing, because a compiler may make the awaiters of one expression before it waits for the first.
template <Future F>
class Awaiter final : public Leaf {
  public:
    Awaiter(F& future, AsyncPromise& promise) noexcept : future_(future), promise_(promise) {}

    bool poll(Context& cx) noexcept override { return poll_into(future_, cx, outcome_); }

    // The compiler calls these three.
    bool await_ready() noexcept { return poll(promise_.context()); }
    void await_suspend(std::coroutine_handle<>) noexcept { promise_.wait_for(*this); }
    OutputOf<F> await_resume() { return outcome_.take(); }

  private:
    F& future_;
    AsyncPromise& promise_;
    Outcome<OutputOf<F>> outcome_;
};

/// The part that knows the result's type.
template <class T>
class AsyncPromiseOf final : public AsyncPromise {
    static_assert(!std::is_reference_v<T>, "Async<T&>: co_return a pointer or a std::reference_wrapper instead");
    static_assert(!OverAligned<T>,
                  "Async<T>: T is aligned to more than 16 bytes, and a coroutine frame is not: co_return a "
                  "std::unique_ptr<T> instead");

  public:
    Async<T> get_return_object() noexcept;
    void unhandled_exception() noexcept { outcome_.set_exception(std::current_exception()); }

    /// By value, so that `co_return` converts to T just as `return` does.
    void return_value(T value) {  // an Async<T> must co_return a T, or what converts to T
        outcome_.set_value(std::move(value));
    }

    T take() {
        if (checks_enabled && outcome_.is_empty()) {
            violation("a coroutine that yields a value came to its end without one: each path needs a co_return");
        }
        return outcome_.take();
    }

  private:
    Outcome<T> outcome_;
};

template <>
class AsyncPromiseOf<void> final : public AsyncPromise {
  public:
    Async<void> get_return_object() noexcept;
    void unhandled_exception() noexcept { outcome_.set_exception(std::current_exception()); }
    void return_void() { outcome_.set_value(); }
    void take() { outcome_.take(); }

  private:
    Outcome<void> outcome_;
};

}  // namespace detail

/// A coroutine that starts at its first poll and yields a `T`, as an `async fn` does. Write a function that returns
/// `Async<T>` and uses `co_await` and `co_return`.
template <class T = void>
class [[nodiscard("an Async does nothing until it is awaited, spawned or passed to block_on")]] Async {
  public:
    using Output = T;
    using promise_type = detail::AsyncPromiseOf<T>;

    Async(const Async&) = delete;  // one owner each: std::move it, or lend it with rt::by_ref
    Async(Async&& other) noexcept
        : contract_(std::move(other.contract_)), frame_(std::exchange(other.frame_, nullptr)) {}
    Async& operator=(Async&& other) noexcept {
        if (this != &other) {
            contract_ = std::move(other.contract_);
            destroy();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    ~Async() { destroy(); }

    /// Runs the body as far as it gets without waiting.
    Poll<T> poll(Context& cx) {
        contract_.begin("Async");
        if (!frame_.promise().run(frame_, cx)) {
            return contract_.pending();
        }
        if constexpr (std::is_void_v<T>) {
            frame_.promise().take();
            return Ready();
        } else {
            return Ready<T>(frame_.promise().take());
        }
    }

  private:
    friend promise_type;
    using Frame = std::coroutine_handle<promise_type>;

    explicit Async(Frame frame) noexcept : frame_(frame) {}

    void destroy() noexcept {
        if (frame_) {
            if (checks_enabled && frame_.promise().is_running()) {
                violation(
                    "an Async was destroyed by the very poll that runs it: let the body end, or tell its owner to drop it");
            }
            std::exchange(frame_, nullptr).destroy();
        }
    }

    [[no_unique_address]] Contract contract_;
    Frame frame_;
};

template <class T>
Async<T> detail::AsyncPromiseOf<T>::get_return_object() noexcept {
    return Async<T>(std::coroutine_handle<AsyncPromiseOf>::from_promise(*this));
}

inline Async<void> detail::AsyncPromiseOf<void>::get_return_object() noexcept {
    return Async<void>(std::coroutine_handle<AsyncPromiseOf>::from_promise(*this));
}

}  // namespace rt

// Given: checks the parameters of each coroutine that returns an Async, because the compiler copies them into the frame.
template <class T, class... Parameters>
struct std::coroutine_traits<rt::Async<T>, Parameters...> {
    static_assert(!(rt::detail::OverAligned<Parameters> || ...),
                  "Async: a parameter is aligned to more than 16 bytes, and a coroutine frame is not: pass a "
                  "std::unique_ptr to it instead");
    using promise_type = rt::detail::AsyncPromiseOf<T>;
};
