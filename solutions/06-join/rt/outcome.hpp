/// \file
/// `Outcome<T>`: how something ended, with a value or with an exception, kept until somebody asks.
///
/// A parent that runs several children must not let the exception of one child unwind the others, so it keeps the
/// exception here. Used by `join` (06), `Async` (08), tasks (09), and `select` (15).
#pragma once

#include <rt/future.hpp>

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

template <class T>
class Outcome {
  public:
    /// Keeps a value. Called once, by the code that ran the thing.
    template <class... Args>
    void set_value(Args&&... args) {
        state_.template emplace<1>(std::forward<Args>(args)...);
    }

    /// Keeps an exception. Called once, inside or after the `catch`.
    void set_exception(std::exception_ptr exception) noexcept { state_.template emplace<2>(std::move(exception)); }

    /// True until something is set.
    bool is_empty() const noexcept { return state_.index() == 0; }
    bool has_exception() const noexcept { return state_.index() == 2; }

    /// Moves the value out, or throws the exception. Called once, when not empty.
    T take() {
        if (has_exception()) {
            std::rethrow_exception(take_exception());
        }
        if constexpr (!std::is_void_v<T>) {
            return std::move(std::get<1>(state_));
        }
    }

    /// Takes the exception out, and leaves null. A move need not: that of libc++ copies. Called when `has_exception()`.
    std::exception_ptr take_exception() noexcept {
        std::exception_ptr taken;
        std::swap(taken, *std::get_if<2>(&state_));
        return taken;
    }

    /// Destroys what is kept.
    void reset() noexcept { state_.template emplace<0>(); }

  private:
    std::variant<std::monostate, NonVoid<T>, std::exception_ptr> state_;
};

/// Polls `future` once. If it has ended, keeps in `outcome` how, and returns true. Called by code that runs the future for
/// someone else, because the future's exception must not pass through that code.
template <Future F>
bool poll_into(F& future, Context& cx, Outcome<OutputOf<F>>& outcome) noexcept {
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
