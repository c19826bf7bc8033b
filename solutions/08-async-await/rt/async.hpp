/// \file
/// `Async<T>`: a coroutine that is a Future. `co_await` waits for any other.
///
/// A coroutine is the state machine of lesson 04, written by the compiler: the frame is the object, the suspension point
/// is the enum, `resume` is the switch. What the compiler does not know is our protocol, and that is all this header adds:
///
///   poll(cx)   1. If the body is suspended at a `co_await`, poll the future it waits for. Still Pending: so are we.
///              2. Resume the body. It runs to its end, or to the next `co_await` whose future is Pending.
///   co_await   polls the future on the spot; only if that says Pending does the body suspend, and leaves word with the
///              promise what it waits for (the leaf).
///
/// Nobody but `poll` ever resumes the body; wakers only wake. So a body runs where it is polled, one resume is never
/// nested in another of the same coroutine, and a loop of a million ready awaits needs no stack.
///
/// Lifetimes: the body does not start before the first poll, so parameters are taken by value: a reference would have to
/// outlive the call. They live in the frame until it is destroyed, locals until the body ends. The captures of a lambda
/// live in the lambda, not in the frame: a lambda that captures and is a coroutine must outlive its `Async`. Destroying an
/// `Async` destroys the frame with everything in it: that is cancellation.
///
/// Source of the idea: what Rust's `async fn` and `.await` mean.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>

#include <coroutine>
#include <exception>
#include <type_traits>
#include <utility>

namespace rt {

template <class T>
class Async;

namespace detail {

/// A suspended `co_await`, as the promise sees it: something to be polled, of whatever type.
class Leaf {
  public:
    /// True when the future is done and the body may be resumed.
    bool poll(Context& cx) noexcept { return poll_(*this, cx); }

  protected:
    using PollFunction = bool (*)(Leaf&, Context&) noexcept;

    explicit Leaf(PollFunction function) noexcept : poll_(function) {}
    ~Leaf() = default;

  private:
    PollFunction poll_;
};

/// What every `Async`'s promise knows, whatever it yields.
class AsyncPromise;

/// One `co_await future`. It lives in the coroutine frame, beside the future, as long as that expression does.
template <Future F>
class Awaiter final : public Leaf {
  public:
    Awaiter(F& future, AsyncPromise& promise) noexcept : Leaf(&poll_leaf), future_(future), promise_(promise) {}

    // These three are called by the compiler. An exception of this first poll flies straight into the body.
    bool await_ready();
    void await_suspend(std::coroutine_handle<>) noexcept;
    OutputOf<F> await_resume() { return outcome_.take(); }

  private:
    static bool poll_leaf(Leaf& leaf, Context& cx) noexcept {
        auto& self = static_cast<Awaiter&>(leaf);
        return poll_into(self.future_, cx, self.outcome_);
    }

    F& future_;
    AsyncPromise& promise_;
    Outcome<OutputOf<F>> outcome_;
};

class AsyncPromise : public Recycled {
  public:
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }

    /// Turns `co_await future` into an Awaiter that knows this promise.
    template <class F>
    auto await_transform(F&& future) noexcept {
        using Awaited = std::remove_reference_t<F>;
        using Mutable = std::remove_const_t<Awaited>;
        if constexpr (Future<Awaited>) {
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

    /// Step 1 and 2 of a poll; true if the body has reached its end.
    bool run(std::coroutine_handle<> body, Context& cx) noexcept {
        if (leaf_ != nullptr && !leaf_->poll(cx)) {
            return false;
        }
        leaf_ = nullptr;
        cx_ = &cx;
        body.resume();
        return body.done();
    }

    Context& context() noexcept { return *cx_; }
    void wait_for(Leaf& leaf) noexcept { leaf_ = &leaf; }

  private:
    Leaf* leaf_ = nullptr;   // null before the first poll, and while the body runs
    Context* cx_ = nullptr;  // valid while the body runs
};

template <Future F>
bool Awaiter<F>::await_ready() {
    Poll<OutputOf<F>> poll = future_.poll(promise_.context());
    if (poll.is_pending()) {
        return false;
    }
    if constexpr (std::is_void_v<OutputOf<F>>) {
        outcome_.set_value();
    } else {
        outcome_.set_value(std::move(poll).value());
    }
    return true;
}

template <Future F>
void Awaiter<F>::await_suspend(std::coroutine_handle<>) noexcept {
    promise_.wait_for(*this);
}

/// The part that knows the result's type.
template <class T>
class AsyncPromiseOf final : public AsyncPromise {
    static_assert(!std::is_reference_v<T>, "Async<T&>: co_return a pointer or a std::reference_wrapper instead");

  public:
    Async<T> get_return_object() noexcept;
    void unhandled_exception() noexcept { outcome_.set_exception(std::current_exception()); }

    /// By value, so that `co_return` converts where it stands, just as `return` does.
    void return_value(T value) {  // an Async<T> must co_return a T, or what converts to T
        outcome_.set_value(std::move(value));
    }

    T take() {
        if constexpr (checks_enabled) {
            if (outcome_.is_empty()) {
                violation("a coroutine that yields a value came to its end without one: each path needs a co_return");
            }
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

/// A lazily started coroutine that yields a `T`: the C++ of `async fn`. Write it as a function that returns `Async<T>`
/// and says `co_await` and `co_return`; nothing of it runs until it is polled.
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

    /// Runs the body as far as it goes. Called by whoever awaits, joins, spawns or blocks on it.
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
