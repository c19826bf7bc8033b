/// \file
/// Makes tea in two waits, first with an enum and a switch written by hand, then with `then`.
#include <rt/future.hpp>
#include <rt/print.hpp>
#include <rt/then.hpp>

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace {

using rt::Context;
using rt::Countdown;
using rt::Pending;
using rt::Poll;
using rt::Ready;

/// What a compiler makes of this function: wait for the water, say so, wait for the leaves, return the cups.
class Tea {
  public:
    using Output = int;

    Poll<int> poll(Context& cx) {
        switch (state_) {
            case State::boiling:
                if (water_.poll(cx).is_pending()) {
                    return Pending;
                }
                fmt::print("  the water boils\n");
                leaves_.emplace(1);
                state_ = State::brewing;
                [[fallthrough]];
            case State::brewing:
                if (leaves_->poll(cx).is_pending()) {
                    return Pending;
                }
                fmt::print("  the tea is brewed\n");
                state_ = State::done;
                return Ready(2);
            case State::done: break;
        }
        rt::violation("polled after Ready. Don't poll it again once it is done.", "Tea");
    }

  private:
    enum class State { boiling, brewing, done };

    State state_ = State::boiling;
    Countdown water_{2};
    std::optional<Countdown> leaves_;
};

/// The same tea. `then` has the states.
auto tea() {
    return rt::then(Countdown(2), [] {
        fmt::print("  the water boils\n");
        return rt::then(Countdown(1), [] {
            fmt::print("  the tea is brewed\n");
            return rt::ready(2);
        });
    });
}

template <rt::Future F>
void serve(F future) {
    rt::Waker const waker = rt::Waker::noop();
    Context cx(waker);
    for (int polls = 1;; ++polls) {
        fmt::print("poll {}\n", polls);
        Poll<int> answer = future.poll(cx);
        if (answer.is_ready()) {
            fmt::print("{} cups after {} polls\n", answer.value(), polls);
            return;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    fmt::print("by hand:\n");
    serve(Tea());
    fmt::print("with then:\n");
    serve(tea());
}
