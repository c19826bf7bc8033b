/// \file
/// `join(a, b, c)` and `join_all(vector)`: run several futures at once on one waker, until all are done.
///
/// After each wake, a join polls every child that is not done, in order. That is simple, and right for a handful of
/// children. For hundreds, use a `JoinSet` (lesson 10), because then only the task that was woken is polled.
///
/// Source: `join!` and `join_all` of Rust's futures crate.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/todo.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace rt {

namespace detail {

/// One child of a join: the future until it ends, then its outcome.
template <Future F>
class Child {
  public:
    explicit Child(F future) : future_(std::move(future)) {}

    /// Polls the child unless it is done. True if it is done now.
    bool poll(Context& cx) {
        if (future_) {
            trace::PartPoll announced(this, "join");
            // TODO(06.2) Poll the future once. If it has ended, keep its value or exception in
            // `outcome_`, and destroy it at once.
            todo("06.2 poll the child", cx, outcome_);
            announced.ended(!future_);
        }
        return !future_;
    }

    /// Gives the child's value, or throws its exception. Called once, when it is done.
    NonVoid<OutputOf<F>> take() { return outcome_.take(); }

  private:
    std::optional<F> future_;
    Outcome<OutputOf<F>> outcome_;
};

}  // namespace detail

/// See `join`.
template <Future... Fs>
class [[nodiscard]] Join {
  public:
    using Output = std::tuple<NonVoid<OutputOf<Fs>>...>;

    explicit Join(Fs... futures) : children_(detail::Child<Fs>(std::move(futures))...) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("join");
        // TODO(06.2) Poll every child that isn't done, in order. When all are done, return their results in order.
        todo("06.2 poll the children", cx, children_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    std::tuple<detail::Child<Fs>...> children_;
};

/// Yields a tuple of the results of `futures`, in the order of the arguments. A void child gives `std::monostate`. If
/// children throw, all the others run to their end first. Then the first exception in the order of the arguments is thrown.
template <class... Fs>
auto join(Fs... futures) {
    static_assert(
        (Future<Fs> && ...),
        "one argument of join is not a future. Pass objects with `Output` and `Poll<Output> poll(Context&)`.");
    return Join<Fs...>(std::move(futures)...);
}

/// See `join_all`.
template <Future F>
class [[nodiscard]] JoinAll {
  public:
    using Output = std::vector<NonVoid<OutputOf<F>>>;

    explicit JoinAll(std::vector<F> futures) {
        children_.reserve(futures.size());
        for (F& future : futures) {
            children_.emplace_back(std::move(future));
        }
    }

    Poll<Output> poll(Context& cx) {
        contract_.begin("join_all");
        // TODO(06.3) Do what `join` does, for a vector of children.
        todo("06.3 poll the children of the vector", cx, children_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    std::vector<detail::Child<F>> children_;
};

/// As `join`, for any number of futures of one type. Yields a vector in the order of `futures`.
template <class F>
auto join_all(std::vector<F> futures) {
    static_assert(Future<F>,
                  "the vector given to join_all has no futures in it. Pass objects with `Output` and `Poll<Output> "
                  "poll(Context&)`.");
    return JoinAll<F>(std::move(futures));
}

}  // namespace rt
