/// \file
/// Waiting in parallel needs no second thread. Computing in parallel does. Four sleeps on one thread, then the same count of
/// primes on one worker and on several.
#include "measure.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/print.hpp>
#include <rt/time.hpp>

#include <chrono>
#include <optional>
#include <system_error>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

constexpr int below = 400'000;
constexpr int pieces = 16;

/// Counts the primes below 400,000, each piece in a task of its own.
rt::Async<int> compute() {
    rt::JoinSet<int> tasks;
    for (int piece = 0; piece < pieces; ++piece) {
        tasks.spawn(count_primes(below / pieces * piece, below / pieces * (piece + 1)));
    }
    int primes = 0;
    while (std::optional<int> count = co_await tasks.join_next()) {
        primes += *count;
    }
    co_return primes;
}

/// Four tasks that sleep.
rt::Async<int> wait() {
    rt::JoinSet<> tasks;
    int sleeps = 0;
    for (; sleeps < 4; ++sleeps) {
        tasks.spawn(rt::sleep(100ms));
    }
    while (auto done = co_await tasks.join_next()) {}
    co_return sleeps;
}

}  // namespace

int main(int argc, char** argv) {
    const std::optional<unsigned> workers = workers_from(argc, argv);
    if (!workers) {
        rt::eprintln("'{}' means nothing here: say how many workers, 1 to 64, or nothing for one per processor.",
                     argv[argc - 1]);
        return 2;
    }
    try {
        {
            rt::CurrentThread one_thread;
            measure(one_thread, "one thread", "sleeps of 100 ms", wait());
        }
        {
            rt::MultiThread one_worker(1);
            measure(one_worker, "one worker", "primes", compute());
        }
        rt::MultiThread many(*workers);
        measure(many, fmt::format("{} worker{}", *workers, *workers == 1 ? "" : "s"), "primes", compute());
        return 0;
    } catch (const std::system_error& not_started) {
        rt::eprintln("{}", not_started.what());
        return 1;
    }
}
