/// \file
/// The three loopers of lesson 06, but each of them yields after every round. So they take turns.
#include "looper.hpp"

#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/trace.hpp>

#include <utility>

#include <fmt/format.h>

namespace {

/// Prints three rounds under its name.
auto looper(const char* name) {
    return Looper(3, true, [name](int round) {
        rt::trace::name(name);  // for ./learn trace
        fmt::print("{} {}\n", name, round);
    });
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    auto loopers = rt::join(looper("red"), looper("green"), looper("blue"));
    int polls = 0;
    auto counted = rt::poll_fn([&loopers, &polls](rt::Context& cx) {
        ++polls;
        return loopers.poll(cx);
    });
    auto [red, green, blue] = rt::block_on(std::move(counted));
    fmt::print("{} rounds, polls of the join: {}\n", red + green + blue, polls);
    return 0;
}
