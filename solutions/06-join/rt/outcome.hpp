/// \file
/// `Outcome<T>`: how something ended, kept until somebody asks: with a value, or with an exception.
///
/// A parent that runs several children cannot let the exception of one fly through the others: it keeps it here. Used by
/// `join` (06), `Async` (08), tasks (09) and `select` (15).
#pragma once

#include <rt/future.hpp>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

/// `Before` lies in the outcome's place until there is one: for who has something that is needed just so long.
template <class T, class Before = std::monostate>
class Outcome {
  public:
    Outcome() = default;
    explicit Outcome(Before before) noexcept : state_(std::in_place_index<0>, std::move(before)) {}

    /// What lies here until something is set. Called while empty.
    Before& before() noexcept { return *std::get_if<0>(&state_); }

    /// Keeps a value. Called once, by whoever ran the thing.
    template <class... Args>
    void set_value(Args&&... args) {
        state_.template emplace<1>(std::forward<Args>(args)...);
    }

    /// Keeps an exception. Called once, inside or after the `catch`.
    void set_exception(std::exception_ptr exception) noexcept { state_.template emplace<2>(std::move(exception)); }

    /// True until something is set.
    bool is_empty() const noexcept { return state_.index() == 0; }
    bool has_exception() const noexcept { return state_.index() == 2; }

    /// Gives the value away, or throws the exception. Called once, when not empty.
    T take() {
        if (has_exception()) {
            std::rethrow_exception(take_exception());
        }
        if constexpr (!std::is_void_v<T>) {
            return std::move(std::get<1>(state_));
        }
    }

    /// Gives the exception away. Called when `has_exception()`.
    std::exception_ptr take_exception() noexcept { return std::move(*std::get_if<2>(&state_)); }

  private:
    std::variant<Before, NonVoid<T>, std::exception_ptr> state_;
};

/// Polls `future` once and keeps how it ended in `outcome`; true if it has ended. Called by whoever runs the future for
/// someone else, and must not let its exception through.
template <Future F, class Before>
bool poll_into(F& future, Context& cx, Outcome<OutputOf<F>, Before>& outcome) noexcept {
    try {
        Poll<OutputOf<F>> poll = future.poll(cx);
        if (poll.is_pending()) {
            return false;
        }
        if constexpr (std::is_void_v<OutputOf<F>>) {
            outcome.set_value();
        } else {
            outcome.set_value(std::move(poll).value());
        }
    } catch (...) {
        outcome.set_exception(std::current_exception());
    }
    return true;
}

}  // namespace rt
