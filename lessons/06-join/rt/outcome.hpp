/// \file
/// `Outcome<T>`: keeps the value or the exception with which a future ended, until the waiting code takes that out.
///
/// A parent that runs several children must not let the exception of one child unwind the others, so it keeps the
/// exception here. Used by `join` (06), `Async` (08), tasks (09), and `select` (15).
#pragma once

#include <rt/future.hpp>
#include <rt/todo.hpp>
#include <rt/violation.hpp>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

/// Empty at first, then a value or an exception. `[[no_unique_address]]` below lets lesson 09 use the padding of the
/// variant.
template <class T>
class Outcome {
  public:
    /// Keeps a value. Called once, by the code that polled the future.
    template <class... Args>
    void set_value(Args&&... args) {
        state_.template emplace<1>(std::forward<Args>(args)...);
    }

    /// Keeps an exception. Called once, inside or after the `catch`.
    void set_exception(std::exception_ptr exception) noexcept { state_.template emplace<2>(std::move(exception)); }

    /// True until something is set.
    bool is_empty() const noexcept { return state_.index() == 0; }
    bool has_exception() const noexcept { return state_.index() == 2; }

    /// Moves the value out, or throws the exception. For void, the value is std::monostate. Called once, when not empty.
    NonVoid<T> take() {
        if (checks_enabled && is_empty()) {
            violation(
                "an outcome was taken, but it is empty. Let poll_into keep the result in it, and take it when the "
                "future has ended.");
        }
        // TODO(06.1) Move the value out and return it, or throw the exception. `take` is called only once.
        todo("06.1 give the value, or throw the exception");
    }

    /// Moves the exception out, and leaves null behind. Called when `has_exception()`. It swaps, because a moved-from
    /// exception_ptr of libc++ isn't null.
    std::exception_ptr take_exception() noexcept {
        std::exception_ptr taken;
        std::swap(taken, *std::get_if<2>(&state_));
        return taken;
    }

    /// Destroys the value or the exception.
    void reset() noexcept { state_.template emplace<0>(); }

  private:
    [[no_unique_address]] std::variant<std::monostate, NonVoid<T>, std::exception_ptr> state_;
};

// Given: the last answer of a poll, for any T. It is Ready with `value`, or Ready alone if T is void.
template <class T>
Poll<T> ready_with(NonVoid<T>&& value) {
    if constexpr (std::is_void_v<T>) {
        return Ready();
    } else {
        return Ready<T>(std::move(value));
    }
}

/// Polls `future` once. If it has ended, keeps its value or its exception in `outcome`, and returns true. Called by code that
/// polls several futures, because the exception of one must not skip the others.
template <Future F>
bool poll_into(F& future, Context& cx, Outcome<OutputOf<F>>& outcome) noexcept {
    // TODO(06.1) Poll once. If the future has ended, keep its value or exception in `outcome`, and return true. Throw
    // nothing.
    todo("06.1 poll, and keep the value or the exception", future, cx, outcome);
}

}  // namespace rt
