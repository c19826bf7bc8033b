/// \file
/// The three loopers on three threads. They are ordinary functions, so they can't yield. After each round, each looper
/// blocks its thread until the others have finished the round. On one thread, the first would wait forever.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/trace.hpp>

#include <barrier>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

/// Prints its name three times. Waits for the other loopers at the table after each round.
int looper(std::string name, std::barrier<>* table) {
    constexpr int rounds = 3;
    rt::trace::name(name.c_str());  // for ./learn trace
    for (int round = 1; round <= rounds; ++round) {
        fmt::print("{} {}\n", name, round);
        table->arrive_and_wait();
    }
    return rounds;
}

rt::Async<> loopers() {
    std::barrier table(3);
    auto first = rt::spawn_blocking(looper, std::string("red"), &table);
    auto second = rt::spawn_blocking(looper, std::string("green"), &table);
    auto third = rt::spawn_blocking(looper, std::string("blue"), &table);
    auto [red, green, blue] = co_await rt::join(std::move(first), std::move(second), std::move(third));
    fmt::print("{} rounds\n", red + green + blue);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    rt::CurrentThread runtime;
    runtime.block_on(loopers());
    return 0;
}
