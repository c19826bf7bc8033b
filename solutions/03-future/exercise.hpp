/// \file
/// The exercise of lesson 03, solved: `map(future, f)`, a future that changes the value of another one.
#pragma once

#include <rt/future.hpp>

#include <type_traits>
#include <utility>

namespace exercise {

/// See `map`.
template <rt::Future Inner, class F>
class [[nodiscard]] Map {
  public:
    using Output = std::invoke_result_t<F, rt::OutputOf<Inner>>;

    Map(Inner inner, F f) : inner_(std::move(inner)), f_(std::move(f)) {}

    rt::Poll<Output> poll(rt::Context& cx) {
        contract_.begin("map");
        rt::Poll<rt::OutputOf<Inner>> answer = inner_.poll(cx);
        if (answer.is_pending()) {
            return contract_.pending();
        }
        return rt::Ready<Output>(std::move(f_)(std::move(answer).value()));
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    Inner inner_;
    F f_;
};

/// A future that waits for `inner`, calls `f` with its value, and is Ready with what `f` returned.
template <rt::Future Inner, class F>
Map<Inner, F> map(Inner inner, F f) {
    return Map<Inner, F>(std::move(inner), std::move(f));
}

}  // namespace exercise
