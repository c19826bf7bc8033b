/// \file
/// The exercise of lesson 07, solved: `in_slices(count, step)`, a long computation that yields after every `count` steps.
#pragma once

#include <rt/future.hpp>

#include <concepts>
#include <utility>

namespace exercise {

/// See `in_slices`.
template <std::predicate Step>
class [[nodiscard]] InSlices {
  public:
    using Output = int;

    InSlices(int count, Step step) : count_(count), step_(std::move(step)) {}

    rt::Poll<int> poll(rt::Context& cx) {
        contract_.begin("in_slices");
        for (int i = 0; i < count_; ++i) {
            ++made_;
            if (!step_()) {
                return rt::Ready(made_);
            }
        }
        cx.waker().wake_by_ref();
        return contract_.pending();
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    int count_;
    int made_ = 0;
    Step step_;
};

/// Calls `step` until it returns false, at most `count` times in each poll. Ready with the number of calls.
template <std::predicate Step>
InSlices<Step> in_slices(int count, Step step) {
    return InSlices<Step>(count, std::move(step));
}

}  // namespace exercise
