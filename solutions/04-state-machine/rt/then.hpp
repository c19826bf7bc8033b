/// \file
/// `then(first, f)`: when `first` is done, wait for the future that `f` makes of its result.
///
/// This is what an `async fn` with two waits compiles to, written by hand: an enum that remembers where we are, room for
/// what each state needs, and a switch. It also shows why a polled future must not move: the second future lies inside
/// the first one's object, and whoever is to wake it may hold its address.
///
/// Source of the idea: `FutureExt::then` of Rust's futures crate.
#pragma once

#include <rt/future.hpp>

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>

namespace rt {

namespace detail {

template <class F, class T>
struct ThenResult {
    static_assert(std::invocable<F, T>, "then(first, f): f must take what first yields, and nothing else");
    using Type = std::invoke_result_t<F, T>;
};
template <class F>
struct ThenResult<F, void> {
    static_assert(std::invocable<F>, "then(first, f): first yields nothing, so f must take nothing");
    using Type = std::invoke_result_t<F>;
};

}  // namespace detail

/// See `then`.
template <Future First, class F>
class [[nodiscard]] Then {
    using Second = typename detail::ThenResult<F, OutputOf<First>>::Type;
    static_assert(Future<Second>,
                  "then(first, f): f must return a future; to change a value only, return rt::ready(value)");

  public:
    using Output = OutputOf<Second>;

    Then(First first, F f) : first_(std::move(first)), f_(std::move(f)) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("then");
        switch (state_) {
            case State::waiting_for_first: {
                Poll<OutputOf<First>> poll = first_->poll(cx);
                if (poll.is_pending()) {
                    return contract_.pending();
                }
                start_second(std::move(poll));
                state_ = State::waiting_for_second;
                [[fallthrough]];
            }
            case State::waiting_for_second: {
                Poll<Output> poll = second_->poll(cx);
                if (poll.is_pending()) {
                    return contract_.pending();
                }
                second_.reset();
                state_ = State::done;
                return poll;
            }
            case State::done:
                violation("polled after Ready: a finished future has nothing more to give, so remember that it is done",
                          "then");
        }
        violation("the switch gave no answer: is there a `break` in place of `[[fallthrough]];` or of a `return`?",
                  "then");
    }

  private:
    enum class State : unsigned char { waiting_for_first, waiting_for_second, done };

    /// Leaves the first state for good: what it held is destroyed before the second future is polled.
    void start_second(Poll<OutputOf<First>> poll) {
        if constexpr (std::is_void_v<OutputOf<First>>) {
            first_.reset();
            second_.emplace(std::move(f_)());
        } else {
            auto value = std::move(poll).value();
            first_.reset();
            second_.emplace(std::move(f_)(std::move(value)));
        }
    }

    [[no_unique_address]] Contract contract_;
    State state_ = State::waiting_for_first;
    std::optional<First> first_;
    std::optional<Second> second_;
    F f_;
};

/// A future that waits for `first`, hands its result to `f`, and then waits for the future that `f` returned.
template <Future First, class F>
Then<First, F> then(First first, F f) {
    return Then<First, F>(std::move(first), std::move(f));
}

/// Advice for who passes something else as `first`.
template <class First, class F>
    requires(!Future<First>)
void then(First, F) {
    expect_future<First>();
}

}  // namespace rt
