/// \file
/// `Future`: a type that can be polled until it is Ready. Also the smallest futures, and a checker of their contract.
///
/// The contract between a future and the code that polls it:
///  - A future does nothing before its first poll. A poll does as much as it can without waiting.
///  - Before a future returns Pending, it wakes the waker, or it gives a copy to the code that will wake it later.
///  - A wake says "poll again", not "Ready". If a future is polled with another waker, only the newest one counts.
///  - A future is not polled again after Ready, or after its poll threw an exception.
///  - A future may be moved before its first poll and after it is done, but not in between.
///  - Destroying a future cancels its work.
///
/// Debug builds check what they can. A future that has a `Contract` member aborts the program with a sentence when it is
/// polled after Ready, or moved between its polls.
///
/// Thread safety: one thread at a time polls, moves, or destroys a future. Wakes may come from any thread.
///
/// Source: Rust's `std::future::Future`, `ready`, `pending`, `poll_fn`, and `Pin`.
#pragma once

#include <rt/poll.hpp>
#include <rt/todo.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <concepts>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

/// A type that names its `Output` and has a function `Poll<Output> poll(Context&)`.
template <class F>
concept Future = std::is_object_v<F> && requires(F& future, Context& cx) {
    typename F::Output;
    { future.poll(cx) } -> std::same_as<Poll<typename F::Output>>;
};

// Given: advice at compile time.
/// Makes the compiler say why `F` is not a future. Called by functions that take a future, because the compiler's own
/// explanation of a failed concept is long.
template <class F>
consteval void expect_future() {
    static_assert(std::is_class_v<F>,
                  "This is not a future. Pass an object with `Output` and `Poll<Output> poll(Context&)`.");
    if constexpr (std::is_class_v<F>) {
        static_assert(
            requires { typename F::Output; },
            "This is not a future yet. Name the type that it yields: `using Output = …;`.");
        static_assert(
            requires(F& future, Context& cx) { future.poll(cx); },
            "This is not a future yet. Give it a function `Poll<Output> poll(Context&)`.");
        static_assert(Future<F>, "This is not a future yet. Let its `poll` return exactly `Poll<Output>`.");
    }
}

/// The type that a future yields when it is Ready. It is `void` if there is no value.
template <Future F>
using OutputOf = typename F::Output;

/// `T`, or `std::monostate` if `T` is void. Tuples, variants, and optionals need it, because they can't hold a void.
template <class T>
using NonVoid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Checks the contract of one future. In a release build it is empty and checks nothing.
///
/// A future has a Contract as a `[[no_unique_address]]` member. Its poll calls `begin` first, and it returns Pending only
/// as `return contract_.pending();`. A poll that ends in any other way finishes the future.
class Contract {
  public:
    Contract() noexcept = default;
    Contract(const Contract&) = delete;  // A future has one owner. Move it with std::move, or lend it with rt::by_ref.
    Contract& operator=(const Contract&) = delete;
    ~Contract() = default;

#if RT_CHECKS
    Contract(Contract&& other) noexcept { take(other); }
    Contract& operator=(Contract&& other) noexcept {
        if (state_ == State::polled) {
            violation(assigned_after_poll);
        }
        take(other);
        return *this;
    }

    /// Says that a poll begins. Called first in every poll of the future. `name` is its name in an error message.
    void begin(const char* name) noexcept {
        // TODO(03.1) Report a poll that the contract forbids, with the sentence that fits. In every other poll, mark
        // the future as done. `pending()` undoes that.
        todo("03.1 allow or report a poll", name);
    }

    /// Says that the future is not done, and gives the Pending that its poll returns.
    [[nodiscard]] PendingType pending() noexcept {
        // TODO(03.1) Mark the future as polled but not done, and return Pending.
        todo("03.1 mark the future as polled");
    }

  private:
    enum class State : unsigned char { fresh, polled, done, moved_from };

    static constexpr const char* polled_after_ready =
        "polled after Ready. Don't poll it again once it is done. If it isn't done, return contract_.pending().";
    static constexpr const char* polled_after_move =
        "polled after it was moved away. Poll the object that it was moved to instead.";
    static constexpr const char* moved_after_poll =
        "a future was moved after its first poll. Move it before that, because others may hold its address now.";
    static constexpr const char* assigned_after_poll =
        "a future was assigned to after its first poll. Destroy it, and make a new one.";

    /// Takes over the state of the future that is moved from.
    void take(Contract& other) noexcept {
        // TODO(03.1) Report a move that the contract forbids. Otherwise take over the state of `other`, and mark
        // `other` as moved from.
        todo("03.1 allow or report a move", other);
    }

    State state_ = State::fresh;
#else
    Contract(Contract&&) noexcept = default;
    Contract& operator=(Contract&&) noexcept = default;

    void begin(const char*) noexcept {}
    [[nodiscard]] PendingType pending() noexcept { return Pending; }
#endif
};

// Given: the future that never waits.
/// See `ready`.
template <class T>
class [[nodiscard]] ReadyFuture {
  public:
    using Output = T;

    explicit ReadyFuture(T value) : value_(std::move(value)) {}

    Poll<T> poll(Context&) {
        contract_.begin("ready");
        return Ready<T>(std::move(value_));
    }

  private:
    [[no_unique_address]] Contract contract_;
    T value_;
};

// Given: the future that never waits, without a value.
template <>
class [[nodiscard]] ReadyFuture<void> {
  public:
    using Output = void;

    ReadyFuture() = default;

    Poll<void> poll(Context&) {
        contract_.begin("ready");
        return Ready();
    }

  private:
    [[no_unique_address]] Contract contract_;
};

/// A future that is Ready at its first poll, with `value` or without one.
template <class T>
ReadyFuture<T> ready(T value) {
    return ReadyFuture<T>(std::move(value));
}
inline ReadyFuture<void> ready() { return ReadyFuture<void>(); }

/// See `pending`.
template <class T>
class [[nodiscard]] PendingFuture {
  public:
    using Output = T;

    PendingFuture() = default;

    Poll<T> poll(Context& cx) {
        contract_.begin("pending");
        // TODO(03.2) Return Pending in every poll, and keep what every Pending future must keep.
        todo("03.2 wait on purpose", cx);
    }

  private:
    [[no_unique_address]] Contract contract_;
    Waker waker_;  // Nobody wakes it. A runtime that counts wakers sees that this future waits on purpose.
};

/// A future that is never Ready. Called for a branch of a `select` that must not win.
template <class T = void>
PendingFuture<T> pending() {
    return PendingFuture<T>();
}

/// A future that is Pending `n` times and then Ready. It wakes its own waker each time that it is Pending, so a runtime
/// polls it `n + 1` times.
class [[nodiscard]] Countdown {
  public:
    using Output = void;

    explicit Countdown(int n) noexcept : left_(n) {}

    Poll<void> poll(Context& cx) {
        contract_.begin("Countdown");
        // TODO(03.2) Be Pending `left_` times, and count `left_` down in each of these polls. Then be Ready. No other
        // code wakes the task.
        todo("03.2 count down", cx);
    }

    /// How many more times it will be Pending.
    int left() const noexcept { return left_; }

  private:
    [[no_unique_address]] Contract contract_;
    int left_;
};

namespace detail {

template <class T>
inline constexpr bool is_poll = false;
template <class T>
inline constexpr bool is_poll<Poll<T>> = true;

template <class F>
inline constexpr bool returns_poll = false;
template <std::invocable<Context&> F>
inline constexpr bool returns_poll<F> = is_poll<std::invoke_result_t<F&, Context&>>;

}  // namespace detail

/// See `poll_fn`.
template <class F>
class [[nodiscard]] PollFn {
    static_assert(std::invocable<F&, Context&>, "poll_fn(f) can't call f(cx). Let f take a Context&.");
    static_assert(detail::returns_poll<F>,
                  "poll_fn(f) needs an f that returns a Poll. Write its type: [](Context& cx) -> Poll<int> { … }");

  public:
    using Output = typename std::invoke_result_t<F&, Context&>::Value;

    explicit PollFn(F f) : f_(std::move(f)) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("poll_fn");
        // TODO(03.3) Call `f_`, and return the answer that it gives. A later poll calls the same `f_` again.
        todo("03.3 return the answer of the function", cx, f_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    F f_;
};

/// A future whose poll calls `f(cx)`. `f` returns a `Poll<T>`, and arranges a wake before it returns Pending.
template <class F>
PollFn<F> poll_fn(F f) {
    return PollFn<F>(std::move(f));
}

// Given: a future that borrows another one. It has no Contract, because the borrowed future has its own.
/// See `by_ref`.
template <Future F>
class [[nodiscard]] ByRef {
  public:
    using Output = OutputOf<F>;

    explicit ByRef(F& future) noexcept : future_(&future) {}

    Poll<Output> poll(Context& cx) { return future_->poll(cx); }

  private:
    F* future_;
};

/// A future that polls `future` without moving it. `future` must outlive it. Called to wait for a future in a `join` or
/// `select` and to go on with it afterwards. Rust's `&mut future`.
template <Future F>
ByRef<F> by_ref(F& future) noexcept {
    return ByRef<F>(future);
}

}  // namespace rt
