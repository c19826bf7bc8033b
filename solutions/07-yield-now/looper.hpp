/// \file
/// `Looper`: a loop with a wait in the middle, as a future written by hand. Lesson 08 lets the compiler write it.
#pragma once

#include <rt/future.hpp>
#include <rt/yield_now.hpp>

#include <utility>

/// Calls `say(1)`, `say(2)`, … up to `rounds`. If `yields`, it gives other futures a turn after each call. Its output
/// is `rounds`.
template <class Say>
class [[nodiscard]] Looper {
  public:
    using Output = int;

    Looper(int rounds, bool yields, Say say) : rounds_(rounds), yields_(yields), say_(std::move(say)) {}

    rt::Poll<int> poll(rt::Context& cx) {
        contract_.begin("Looper");
        for (;;) {
            switch (state_) {
                case State::talking:
                    if (round_ == rounds_) {
                        return rt::Ready(rounds_);
                    }
                    say_(++round_);
                    if (!yields_) {
                        break;
                    }
                    yield_ = rt::yield_now();  // A new one, because the last one has finished.
                    state_ = State::yielding;
                    [[fallthrough]];
                case State::yielding:
                    if (yield_.poll(cx).is_pending()) {
                        return contract_.pending();
                    }
                    state_ = State::talking;
            }
        }
    }

  private:
    enum class State : unsigned char { talking, yielding };

    [[no_unique_address]] rt::Contract contract_;
    State state_ = State::talking;
    int round_ = 0;  // how often it has called `say`
    int rounds_;
    bool yields_;
    Say say_;
    rt::YieldNow yield_;
};
