/// \file
/// The exercise of lesson 01, solved: `give_up_after(limit, pollable)`, which stops polling after `limit` polls.
#pragma once

#include <rt/poll.hpp>

#include <optional>
#include <utility>

namespace exercise {

/// See `give_up_after`.
template <class Pollable>
class GiveUpAfter {
  public:
    using Value = typename decltype(std::declval<Pollable&>().poll())::Value;

    GiveUpAfter(int limit, Pollable pollable) : left_(limit), pollable_(std::move(pollable)) {}

    rt::Poll<std::optional<Value>> poll() {
        auto answer =
            pollable_.poll().map([](Value value) { return std::optional<Value>(std::in_place, std::move(value)); });
        if (answer.is_pending() && --left_ == 0) {
            return rt::Ready(std::optional<Value>());
        }
        return answer;
    }

  private:
    int left_;
    Pollable pollable_;
};

/// Polls `pollable` at most `limit` times. Ready with its value, or with an empty optional after the last Pending.
template <class Pollable>
GiveUpAfter<Pollable> give_up_after(int limit, Pollable pollable) {
    return GiveUpAfter<Pollable>(limit, std::move(pollable));
}

}  // namespace exercise
