/// \file
/// The three loopers of lesson 06, but each yields after every round: they take turns.
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/trace.hpp>
#include <rt/yield_now.hpp>

#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

/// Counts to three, one round in each poll: a state machine by hand, once more. Lesson 08 has the compiler write it.
class Looper {
  public:
    using Output = int;

    explicit Looper(std::string name) : name_(std::move(name)) {}

    rt::Poll<int> poll(rt::Context& cx) {
        contract_.begin("Looper");
        rt::trace::name(name_.c_str());  // for ./learn trace
        for (;;) {
            switch (state_) {
                case State::counting:
                    if (round_ == rounds) {
                        return rt::Ready(rounds);
                    }
                    fmt::print("{} {}\n", name_, ++round_);
                    yield_ = rt::yield_now();  // a new one each round: the last has finished
                    state_ = State::yielding;
                    [[fallthrough]];
                case State::yielding:
                    if (yield_.poll(cx).is_pending()) {
                        return contract_.pending();
                    }
                    state_ = State::counting;
            }
        }
    }

  private:
    enum class State : unsigned char { counting, yielding };
    static constexpr int rounds = 3;

    [[no_unique_address]] rt::Contract contract_;
    State state_ = State::counting;
    int round_ = 0;
    rt::YieldNow yield_;
    std::string name_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    auto loopers = rt::join(Looper("red"), Looper("green"), Looper("blue"));
    int polls = 0;
    auto counted = rt::poll_fn([&loopers, &polls](rt::Context& cx) {
        ++polls;
        return loopers.poll(cx);
    });
    auto [red, green, blue] = rt::block_on(std::move(counted));
    fmt::print("{} rounds, polls of the join: {}\n", red + green + blue, polls);
    return 0;
}
