/// \file
/// The exercise of lesson 06, solved: `race(first, second)`, which is Ready with the value of the first future that ends.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>

#include <concepts>
#include <optional>
#include <utility>

namespace exercise {

/// See `race`.
template <rt::Future A, rt::Future B>
    requires std::same_as<rt::OutputOf<A>, rt::OutputOf<B>>
class [[nodiscard]] Race {
  public:
    using Output = rt::OutputOf<A>;

    Race(A first, B second) : first_(std::move(first)), second_(std::move(second)) {}

    rt::Poll<Output> poll(rt::Context& cx) {
        contract_.begin("race");
        rt::Outcome<Output> winner;
        if (!rt::poll_into(*first_, cx, winner) && !rt::poll_into(*second_, cx, winner)) {
            return contract_.pending();
        }
        first_.reset();
        second_.reset();
        return rt::Ready<Output>(winner.take());
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    std::optional<A> first_;
    std::optional<B> second_;
};

/// Polls both futures until one of them ends, and destroys the other one then. `first` wins a tie.
template <rt::Future A, rt::Future B>
Race<A, B> race(A first, B second) {
    return Race<A, B>(std::move(first), std::move(second));
}

}  // namespace exercise
