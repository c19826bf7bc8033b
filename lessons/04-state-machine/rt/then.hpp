/// \file
/// `then(first, f)`: waits for `first`, and then for the future that `f` makes from its result.
///
/// This is what a compiler makes of an `async fn` with two waits, written by hand. An enum says where the function is,
/// members hold what must survive a wait, and `poll` is a switch.
///
/// Invariants, between two polls: `first_` exists only while the state is `waiting_for_first`, and `second_` only while it is
/// `waiting_for_second`. Both are inside the Then, so the Then must not move between its first poll and its end. A Then
/// keeps no waker of its own, because the future that it waits for keeps one.
///
/// Source: `FutureExt::then` of Rust's futures crate.
#pragma once

#include <rt/future.hpp>
#include <rt/todo.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

namespace detail {

// Given: the type that f returns, with advice if f can't be called.
template <class F, class T>
struct ThenResult {
    static_assert(std::invocable<F, T>, "then(first, f) can't call f. Let f take exactly what first yields.");
    using Type = std::invoke_result_t<F, T>;
};
// Given: the type that f returns, if first yields nothing.
template <class F>
struct ThenResult<F, void> {
    static_assert(std::invocable<F>, "then(first, f) can't call f. Let f take nothing, because first yields nothing.");
    using Type = std::invoke_result_t<F>;
};

}  // namespace detail

/// See `then`.
template <Future First, class F>
class [[nodiscard]] Then {
    using Second = typename detail::ThenResult<F, OutputOf<First>>::Type;
    static_assert(Future<Second>,
                  "then(first, f) needs an f that returns a future. To return only a value, write rt::ready(value).");

  public:
    using Output = OutputOf<Second>;

    Then(First first, F f) : first_(std::move(first)), f_(std::move(f)) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("then");
        switch (state_) {
            case State::waiting_for_first: {
                // TODO(04.1) Wait for the first future. When it is Ready, destroy it, make the second future with
                // `second_from`, and wait for the second one.
                todo("04.1 wait for the first future", cx);
            }
            case State::waiting_for_second: {
                // TODO(04.2) Wait for the second future, destroy it when it is Ready, and return its answer. Every
                // build must report a later poll of the machine.
                todo("04.2 wait for the second future", cx);
            }
            case State::done: violation("polled after Ready. Don't poll it again once it is done.", "then");
        }
        violation("the switch ended without an answer. Write `[[fallthrough]];` or a `return` instead of `break`.",
                  "then");
    }

  private:
    enum class State : unsigned char { waiting_for_first, waiting_for_second, done };

    /// What `f` makes from the first future's result. If there is no result, `f` takes nothing.
    Second second_from(Poll<OutputOf<First>> poll) {
        if constexpr (std::is_void_v<OutputOf<First>>) {
            return std::move(f_)();
        } else {
            return std::move(f_)(std::move(poll).value());
        }
    }

    [[no_unique_address]] Contract contract_;
    State state_ = State::waiting_for_first;
    std::optional<First> first_;
    std::optional<Second> second_;
    F f_;
};

/// A future that waits for `first`, calls `f` with its result, and then waits for the future that `f` returned. If
/// `first`, `f`, or that future throws, the exception leaves the poll, and the steps after it don't happen.
template <Future First, class F>
Then<First, F> then(First first, F f) {
    return Then<First, F>(std::move(first), std::move(f));
}

// Given: advice for a call whose first argument is not a future.
template <class First, class F>
    requires(!Future<First>)
void then(First, F) {
    expect_future<First>();
}

}  // namespace rt
