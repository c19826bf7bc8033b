/// \file
/// `Async<T>`: a coroutine that is a Future, whose body waits for any other future with `co_await`.
///
/// The compiler writes the state machine of lesson 04: the coroutine frame is the object, the suspension point is the
/// enum, and `resume` is the switch. This header adds our protocol, which the compiler doesn't know:
///
///   poll(cx)   1. If the body is suspended at a `co_await`, poll the future that it waits for. While that is Pending, stop.
///              2. Resume the body. It runs to its end, or to the next `co_await` whose future is Pending.
///   co_await   polls the future at once. If it is Pending, the body suspends and tells its promise what it waits for.
///
/// Invariants: only `poll` resumes the body, never a waker, so a body runs on the thread that polls it. The Async owns
/// its frame, and destroys it once. A body that awaits a million ready futures, one after the other, needs no more
/// stack than for one of them.
///
/// Depth: an Async that awaits an Async polls it like any other future, so each level takes stack: about 110 bytes in
/// release builds, and 1.5 kB in debug builds with AddressSanitizer. The usual stack of 8 MB has room for 5,000 levels
/// of such a debug build. Destroying nested Asyncs is recursive too, but takes less stack per level. A loop can't
/// destroy them, because an inner frame may use the outer one, so the inner frame must be destroyed first.
///
/// Lifetimes: nothing of the body runs before the first poll, so a coroutine takes parameters by value. What a
/// reference refers to might be gone by then. Parameters live until the frame is destroyed, locals until the body ends.
/// The captures of a lambda are in the lambda and not in the frame, so a capturing lambda that is a coroutine must
/// outlive its `Async`. Destroying an `Async` destroys its frame with all that is in it, which cancels the wait.
///
/// Alignment: compilers align a frame to 16 bytes, whatever is in it. Results, parameters, and futures that need more
/// don't compile. No check sees a local variable, so put one that needs more, such as `__m256`, behind a unique_ptr.
///
/// Source: what `async fn` and `.await` mean in Rust.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/recycled.hpp>
#include <rt/violation.hpp>

#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

template <class T>
class Async;

namespace detail {

// Given: true if a T asks for more alignment than a coroutine frame has.
template <class T>
concept OverAligned = !std::is_reference_v<T> && alignof(T) > __STDCPP_DEFAULT_NEW_ALIGNMENT__;

/// What a suspended body waits for. The promise can poll it without knowing the type of the future.
class Leaf {
  public:
    /// Polls the future. Returns true when the future is done, so that the body may be resumed.
    virtual bool poll(Context& cx) noexcept = 0;

  protected:
    ~Leaf() = default;
};

/// One `co_await future`. The Awaiter lives in the coroutine frame until the expression has its value.
///
/// Its constructor polls nothing. A compiler may make all awaiters of an expression before it waits for the first one.
template <Future F>
class Awaiter final : public Leaf {
  public:
    explicit Awaiter(F& future) noexcept : future_(future) {}

    bool poll(Context& cx) noexcept override { return poll_into(future_, cx, outcome_); }

    // The compiler calls these three, in this order. When it calls `await_suspend`, the body has stopped. If that call
    // returns true, the body stays suspended, and `resume` returns. If it returns false, the body goes on at once.
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> body) noexcept {
        Context& cx = body.promise().wait_for(*this);
        return !poll(cx);
    }
    /// The value of the `co_await` expression.
    OutputOf<F> await_resume() {
        if (checks_enabled && outcome_.is_empty()) {
            violation(
                "a body was resumed although its future is Pending, or its outcome was not kept. Poll the future with "
                "poll_into, and resume the body if it is done.");
        }
        return static_cast<OutputOf<F>>(outcome_.take());
    }

  private:
    F& future_;
    Outcome<OutputOf<F>> outcome_;
};

/// The part of an Async's promise that doesn't depend on what the Async yields.
class AsyncPromise : public Recycled {
  public:
    // A body starts at the first poll, and its frame stays until the Async destroys it.
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }

    // Given: called by the compiler for `co_await future`. Makes the Awaiter, or refuses to compile and says why.
    template <class F>
    auto await_transform(F&& future) noexcept {
        using Awaited = std::remove_reference_t<F>;
        using Mutable = std::remove_const_t<Awaited>;
        if constexpr (Future<Awaited>) {
            static_assert(
                !OverAligned<OutputOf<Awaited>> && !OverAligned<F>,
                "co_await: the future or its result needs more than 16-byte alignment, which a coroutine frame can't "
                "give. Put it behind a std::unique_ptr.");
            return Awaiter<Awaited>(future);
        } else {
            static_assert(!Future<Mutable>,
                          "co_await can't poll a const future, because a poll changes it. Remove the const.");
            static_assert(
                Future<Mutable>,
                "co_await needs a future. Pass an object with `Output` and `Poll<Output> poll(Context&)`. The "
                "awaitables of other libraries don't work here, because this course polls.");
            return std::suspend_never{};
        }
    }

    /// The body waits for `leaf` from now on. Returns the context of the poll that is running. Called by the Awaiter.
    Context& wait_for(Leaf& leaf) noexcept {
        leaf_ = &leaf;
        return *cx_;
    }

    /// Called by the compiler, inside a `catch`, if an exception leaves the body. `run` throws it later. If the
    /// exception left `resume`, optimized builds of clang 19 would destroy the body's locals twice.
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }

    /// Does both steps of a poll. True if the body has ended. Throws what the body threw. Called by `Async::poll`.
    bool run(std::coroutine_handle<> body, Context& cx) {
        cx_ = &cx;
        if (may_go_on(cx)) {
            body.resume();
        }
        cx_ = nullptr;
        if (exception_) {
            std::rethrow_exception(std::exchange(exception_, nullptr));
        }
        return body.done();
    }

    /// True during a poll.
    bool is_running() const noexcept { return cx_ != nullptr; }

  private:
    /// Step 1 of a poll. True if the body may be resumed, because it waits for nothing that is still Pending.
    bool may_go_on(Context& cx) {
        if (leaf_ != nullptr && !leaf_->poll(cx)) {
            return false;
        }
        return true;
    }

    Leaf* leaf_ = nullptr;   // what the suspended body waits for; null before the first poll
    Context* cx_ = nullptr;  // of the poll that is running
    std::exception_ptr exception_;
};

/// The part of the promise that keeps what the body returns, until the last poll takes it.
template <class T>
class AsyncResult {
    static_assert(!std::is_reference_v<T>,
                  "an Async can't yield a reference. co_return a pointer or a std::reference_wrapper instead.");
    static_assert(!OverAligned<T>,
                  "Async<T>: T needs more than 16-byte alignment, which a coroutine frame can't give. co_return a "
                  "std::unique_ptr<T> instead.");

  public:
    /// Takes a T by value, so that `co_return` converts to T just as `return` does.
    void return_value(T value) {  // an Async<T> must co_return a T, or what converts to T
        value_.emplace(std::move(value));
    }

    /// Moves the value out. Called once, when the body has ended.
    Ready<T> take() {
        if (checks_enabled && !value_) {
            violation("a coroutine that yields a value ended without one. Write a co_return on each path.");
        }
        return Ready<T>(*std::move(value_));
    }

  private:
    std::optional<T> value_;
};

template <>
class AsyncResult<void> {
  public:
    void return_void() noexcept {}
    Ready<> take() noexcept { return Ready(); }
};

/// The promise: one object in each frame, through which the compiler's code and ours talk to each other.
template <class T>
class AsyncPromiseOf final : public AsyncPromise, public AsyncResult<T> {
  public:
    /// Called by the compiler as soon as there is a frame. What it returns is what the caller of the coroutine gets.
    Async<T> get_return_object() noexcept {
        return Async<T>(std::coroutine_handle<AsyncPromiseOf>::from_promise(*this));
    }
};

}  // namespace detail

/// A coroutine that starts at its first poll and yields a `T`, as an `async fn` does. Write a function that returns
/// `Async<T>` and uses `co_await` and `co_return`.
template <class T = void>
class [[nodiscard("an Async does nothing until it is polled. Await it, spawn it, or pass it to block_on.")]] Async {
  public:
    using Output = T;
    using promise_type = detail::AsyncPromiseOf<T>;

    Async(const Async&) = delete;  // A future has one owner. Move it with std::move, or lend it with rt::by_ref.
    Async(Async&& other) noexcept : contract_(std::move(other.contract_)), frame_(other.release()) {}
    Async& operator=(Async&& other) noexcept {
        contract_ = std::move(other.contract_);
        if (this != &other) {
            destroy();
            frame_ = other.release();
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
        return frame_.promise().take();
    }

  private:
    friend promise_type;
    using Frame = std::coroutine_handle<promise_type>;

    explicit Async(Frame frame) noexcept : frame_(frame) {}

    /// Gives up the frame, which belongs to the caller now.
    Frame release() noexcept { return std::exchange(frame_, nullptr); }

    /// Destroys the frame, if there is one.
    void destroy() noexcept {
        if (frame_) {
            if (checks_enabled && frame_.promise().is_running()) {
                violation(
                    "an Async was destroyed by its own poll. Let its body return first, or let another task destroy "
                    "it.");
            }
            release().destroy();
        }
    }

    [[no_unique_address]] Contract contract_;
    Frame frame_;
};

}  // namespace rt

// Given: checks the parameters of each coroutine that returns an Async, because the compiler copies them into the frame.
template <class T, class... Parameters>
struct std::coroutine_traits<rt::Async<T>, Parameters...> {
    static_assert(!(rt::detail::OverAligned<Parameters> || ...),
                  "Async: a parameter needs more than 16-byte alignment, which a coroutine frame can't give. Pass a "
                  "std::unique_ptr to it instead.");
    using promise_type = rt::detail::AsyncPromiseOf<T>;
};
