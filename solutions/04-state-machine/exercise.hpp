/// \file
/// The exercise of lesson 04, solved: `in_order(first, second)`, two waits and a value that survives the second.
#pragma once

#include <rt/future.hpp>

#include <optional>
#include <utility>

namespace exercise {

/// See `in_order`.
template <rt::Future First, rt::Future Second>
class [[nodiscard]] InOrder {
  public:
    using Output = std::pair<rt::OutputOf<First>, rt::OutputOf<Second>>;

    InOrder(First first, Second second) : first_(std::move(first)), second_(std::move(second)) {}

    rt::Poll<Output> poll(rt::Context& cx) {
        contract_.begin("in_order");
        if (first_) {
            rt::Poll<rt::OutputOf<First>> poll = first_->poll(cx);
            if (poll.is_pending()) {
                return contract_.pending();
            }
            value_.emplace(std::move(poll).value());
            first_.reset();
        }
        rt::Poll<rt::OutputOf<Second>> poll = second_->poll(cx);
        if (poll.is_pending()) {
            return contract_.pending();
        }
        second_.reset();
        return rt::Ready<Output>(Output(*std::move(value_), std::move(poll).value()));
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    std::optional<First> first_;  // It exists while this object waits for it. So it is the state, too.
    std::optional<rt::OutputOf<First>> value_;
    std::optional<Second> second_;
};

/// A future that waits for `first`, then for `second`, and is Ready with both values.
template <rt::Future First, rt::Future Second>
InOrder<First, Second> in_order(First first, Second second) {
    return InOrder<First, Second>(std::move(first), std::move(second));
}

}  // namespace exercise
