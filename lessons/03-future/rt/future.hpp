/// \file
/// `Future`: anything that can be polled. And the smallest futures there are.
///
/// The contract between a future and whoever polls it:
///  - A future does nothing until it is polled, and then as much as it can without waiting.
///  - If it returns Pending it has kept a copy of the waker, or someone else has, and that waker will be woken once another
///    poll can get further. If it is polled with another waker, the newest one counts.
///  - After Ready it is not polled again. An exception thrown from `poll` finishes a future just as Ready does.
///  - It may be moved until its first poll, and never after.
///  - Destroying it cancels what it was doing.
///
/// Debug builds check what can be checked: a future that has a `Contract` member ends the program with a sentence when
/// it is polled after Ready, or moved after its first poll.
///
/// Source of the idea: Rust's `std::future::Future`, `ready`, `pending`, `poll_fn`, and `Pin`.
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

/// A type that names its `Output` and can be asked for it with `Poll<Output> poll(Context&)`.
template <class F>
concept Future = std::is_object_v<F> && requires(F& future, Context& cx) {
    typename F::Output;
    { future.poll(cx) } -> std::same_as<Poll<typename F::Output>>;
};

/// Says, while compiling, what keeps `F` from being a future. Called by whatever is handed one, before it complains in
/// the compiler's words.
template <class F>
consteval void expect_future() {
    static_assert(std::is_class_v<F>,
                  "this is no future: a future is an object with `Output` and `Poll<Output> poll(Context&)`");
    if constexpr (std::is_class_v<F>) {
        static_assert(
            requires { typename F::Output; },
            "this is no future yet: it does not say what it yields, `using Output = …;`");
        static_assert(
            requires(F& future, Context& cx) { future.poll(cx); },
            "this is no future yet: it has no function `Poll<Output> poll(Context&)`");
        static_assert(Future<F>, "this is no future yet: its `poll` must return `Poll<Output>`, that very type");
    }
}

/// What a future yields in the end; `void` if only the news.
template <Future F>
using OutputOf = typename F::Output;

/// `T`, or `std::monostate` where `T` is void: for tuples, variants and optionals, which cannot hold a void.
template <class T>
using NonVoid = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

/// Watches over one future: polled after Ready, moved after its first poll. Empty in release builds.
///
/// A future holds it as a `[[no_unique_address]]` member, says `begin` at the top of its `poll`, and returns Pending as
/// `return contract_.pending();`. Any other way out of the poll, by Ready or by an exception, is the end.
class Contract {
  public:
    Contract() noexcept = default;
    Contract(const Contract&) = delete;  // a future has one owner: std::move it, or lend it with rt::by_ref
    Contract& operator=(const Contract&) = delete;
    ~Contract() = default;

#if RT_CHECKS
    Contract(Contract&& other) noexcept { take(other); }
    Contract& operator=(Contract&& other) noexcept {
        if (state_ == State::polled) {
            // TODO(03.3) Say what happened, and what to do instead, beginning with these words:
            // violation("a future was assigned to after its first poll: …").
            todo("03.3 say that it was assigned to after its first poll");
        }
        take(other);
        return *this;
    }

    /// Called first in every poll; `name` is for the sentence, if there must be one.
    void begin(const char* name) noexcept {
        if (state_ != State::fresh && state_ != State::polled) {
            // TODO(03.3) Two mistakes end here: tell them apart by the state, and say for each what happened, beginning with
            // these words: violation("polled after Ready: …", name), violation("polled after it was moved away: …", name).
            todo("03.3 say which rule this poll breaks (who answers Pending says so with contract_.pending())", name);
        }
        state_ = State::done;
    }

    /// Called to return Pending.
    [[nodiscard]] PendingType pending() noexcept {
        state_ = State::polled;
        return Pending;
    }

  private:
    enum class State : unsigned char { fresh, polled, done, moved_from };

    void take(Contract& other) noexcept {
        if (other.state_ == State::polled) {
            // TODO(03.3) Say what happened, and why that is no good, beginning with these words:
            // violation("a future was moved after its first poll: …").
            todo("03.3 say that it was moved after its first poll");
        }
        state_ = std::exchange(other.state_, State::moved_from);
    }

    State state_ = State::fresh;
#else
    Contract(Contract&&) noexcept = default;
    Contract& operator=(Contract&&) noexcept = default;

    void begin(const char*) noexcept {}
    [[nodiscard]] PendingType pending() noexcept { return Pending; }
#endif
};

/// See `ready`.
template <class T>
class [[nodiscard]] ReadyFuture {
  public:
    using Output = T;

    explicit ReadyFuture(T value) : value_(std::move(value)) {}

    Poll<T> poll(Context&) {
        contract_.begin("ready");
        // TODO(03.1) Answer Ready, and give the value away.
        todo("03.1 be ready with the value", value_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    T value_;
};

template <>
class [[nodiscard]] ReadyFuture<void> {
  public:
    using Output = void;

    ReadyFuture() = default;

    Poll<void> poll(Context&) {
        contract_.begin("ready");
        // TODO(03.1) Answer Ready; there is no value.
        todo("03.1 be ready");
    }

  private:
    [[no_unique_address]] Contract contract_;
};

/// A future that is Ready at its first poll.
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
        // TODO(03.1) Keep a copy of the waker, the newest one, and answer Pending: `return contract_.pending();`.
        todo("03.1 keep the waker and be pending", cx);
    }

  private:
    [[no_unique_address]] Contract contract_;
    Waker waker_;  // never woken; kept so that waiting here is visibly meant
};

/// A future that is never Ready: for the branch of a race that must not win.
template <class T = void>
PendingFuture<T> pending() {
    return PendingFuture<T>();
}

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
    static_assert(std::invocable<F&, Context&>, "poll_fn(f): f is called as f(cx), so it takes a Context&");
    static_assert(detail::returns_poll<F>,
                  "poll_fn(f): f must return a Poll, so write the type: [](Context& cx) -> Poll<int> { … }");

  public:
    using Output = typename std::invoke_result_t<F&, Context&>::Value;

    explicit PollFn(F f) : f_(std::move(f)) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("poll_fn");
        // TODO(03.2) Answer what `f_` answers. If that is Pending, the contract must hear of it: contract_.pending().
        todo("03.2 answer what the function answers", cx, f_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    F f_;
};

/// A future whose poll is `f(cx)`. `f` returns a `Poll<T>` and keeps the contract above.
template <class F>
PollFn<F> poll_fn(F f) {
    return PollFn<F>(std::move(f));
}

/// See `by_ref`.
template <Future F>
class [[nodiscard]] ByRef {
  public:
    using Output = OutputOf<F>;

    explicit ByRef(F& future) noexcept : future_(&future) {}

    Poll<Output> poll(Context& cx) {
        // TODO(03.2) Poll the future where it lies.
        todo("03.2 poll the lent future", cx, future_);
    }

  private:
    F* future_;
};

/// A future that polls `future` where it lies, which must outlive it. Called to lend a future to a `join` or `select`
/// and go on with it afterwards; Rust's `&mut future`.
template <Future F>
ByRef<F> by_ref(F& future) noexcept {
    return ByRef<F>(future);
}

/// Pending `n` times, then Ready: the smallest future that really comes back. It wakes itself at once, so whoever runs
/// it polls `n + 1` times.
class [[nodiscard]] Countdown {
  public:
    using Output = void;

    explicit Countdown(int n) noexcept : left_(n) {}

    Poll<void> poll(Context& cx) {
        contract_.begin("Countdown");
        // TODO(03.2) Ready when nothing is left. Else one less is left; and before you answer Pending, see to it that
        // somebody asks again: nobody else will.
        todo("03.2 count down, and wake whoever waits", cx);
    }

    /// How many polls it will still answer with Pending.
    int left() const noexcept { return left_; }

  private:
    [[no_unique_address]] Contract contract_;
    int left_;
};

}  // namespace rt
