/// \file
/// `join(a, b, c)` and `join_all(vector)`: several futures on one waker, until all are done.
///
/// Every wake polls every child that is not done, in order: simple, and right for a handful. For hundreds use a
/// `JoinSet` (10), whose tasks are woken one by one.
///
/// Source of the idea: `join!` and `join_all` of Rust's futures crate.
#pragma once

#include <rt/outcome.hpp>
#include <rt/trace.hpp>

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace rt {

namespace detail {

/// One child: the future while it runs, afterwards how it ended.
template <Future F>
class Child {
  public:
    explicit Child(F future) : future_(std::move(future)) {}

    /// Polls the child unless it is done; true if it is done now.
    bool poll(Context& cx) {
        if (future_) {
            trace::PartPoll announced(this, "join");
            if (poll_into(*future_, cx, outcome_)) {
                future_.reset();
            }
            announced.ended(!future_);
        }
        return !future_;
    }

    /// The child's value, or its exception thrown. Called once, when it is done.
    NonVoid<OutputOf<F>> take() {
        if constexpr (std::is_void_v<OutputOf<F>>) {
            outcome_.take();
            return {};
        } else {
            return outcome_.take();
        }
    }

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
        // Every child is polled, also after one that is not done; the comma keeps them in the order of the arguments.
        bool all_done = true;
        std::apply([&](auto&... child) { ((all_done &= child.poll(cx)), ...); }, children_);
        if (!all_done) {
            return contract_.pending();
        }
        // Braces, so that the children are taken in order and the first exception is the one that flies.
        return std::apply([](auto&... child) { return Ready<Output>(Output{child.take()...}); }, children_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    std::tuple<detail::Child<Fs>...> children_;
};

/// Runs all `futures` on the caller's waker and yields a tuple of their results in the order of the arguments; a void
/// child gives `std::monostate`. If some throw, all run to their end, and then the first of them, in the order of the
/// arguments, throws.
template <Future... Fs>
Join<Fs...> join(Fs... futures) {
    return Join<Fs...>(std::move(futures)...);
}

/// Chosen when something is not a future, to say so.
template <class... Ts>
    requires(!(Future<Ts> && ...))
auto join(const Ts&...) {
    static_assert((Future<Ts> && ...),
                  "join takes futures, and one of these is none: a future has `Output` and `Poll<Output> "
                  "poll(Context&)`");
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
        bool all_done = true;
        for (auto& child : children_) {
            all_done &= child.poll(cx);
        }
        if (!all_done) {
            return contract_.pending();
        }
        Output results;
        results.reserve(children_.size());
        for (auto& child : children_) {
            results.push_back(child.take());
        }
        return Ready<Output>(std::move(results));
    }

  private:
    [[no_unique_address]] Contract contract_;
    std::vector<detail::Child<F>> children_;
};

/// As `join`, for any number of futures of one type; yields a vector in the order of `futures`.
template <Future F>
JoinAll<F> join_all(std::vector<F> futures) {
    return JoinAll<F>(std::move(futures));
}

/// Chosen when the vector's elements are not futures, to say so.
template <class T>
    requires(!Future<T>)
auto join_all(const std::vector<T>&) {
    static_assert(Future<T>,
                  "join_all takes a vector of futures, and these are none: a future has `Output` and `Poll<Output> "
                  "poll(Context&)`");
}

}  // namespace rt
