/// \file
/// Three loopers in one `join`, and then three alarms. The loopers never wait, so they run one after the other. The alarms do
/// nothing but wait, so they wait at the same time.
#include "alarm.hpp"

#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/trace.hpp>

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

/// Counts to three in a single poll.
class Looper {
  public:
    using Output = int;

    explicit Looper(std::string name) : name_(std::move(name)) {}

    rt::Poll<int> poll(rt::Context&) {
        contract_.begin("Looper");
        rt::trace::name(name_.c_str());  // for ./learn trace
        constexpr int rounds = 3;
        for (int round = 1; round <= rounds; ++round) {
            fmt::print("{} {}\n", name_, round);
        }
        return rt::Ready(rounds);
    }

  private:
    [[no_unique_address]] rt::Contract contract_;
    std::string name_;
};

/// Counts how often the join of three loopers is polled.
void loopers() {
    auto loopers = rt::join(Looper("red"), Looper("green"), Looper("blue"));
    int polls = 0;
    auto counted = rt::poll_fn([&loopers, &polls](rt::Context& cx) {
        ++polls;
        return loopers.poll(cx);
    });
    auto [red, green, blue] = rt::block_on(std::move(counted));
    fmt::print("{} rounds, polls of the join: {}\n", red + green + blue, polls);
}

/// Measures how long three alarms take together.
void alarms() {
    using std::chrono::milliseconds;
    auto const start = rt::Instant::clock::now();
    rt::block_on(rt::join(Alarm(milliseconds(30)), Alarm(milliseconds(30)), Alarm(milliseconds(30))));
    auto const took = std::chrono::duration_cast<milliseconds>(rt::Instant::clock::now() - start);
    fmt::print("three alarms of 30 ms in one join: {} ms\n", took.count());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    loopers();
    alarms();
    return 0;
}
