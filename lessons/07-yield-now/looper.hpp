/// \file
/// `Looper`: a loop with a wait in the middle, as a future written by hand. Lesson 08 lets the compiler write it.
#pragma once

#include <rt/future.hpp>
#include <rt/todo.hpp>
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
        // TODO(07.2) Say a round, yield, and go on where you stopped. Be Ready with `rounds_` after the last round.
        rt::todo("07.2 say a round and yield", cx, state_, round_, rounds_, yields_, say_, yield_);
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
