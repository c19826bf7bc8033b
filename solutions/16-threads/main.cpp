/// \file
/// Waiting in parallel needs no second thread; working in parallel does. Four sleeps on one thread, then the same count of
/// primes on one worker and on several.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/print.hpp>
#include <rt/sys_process.hpp>
#include <rt/time.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

constexpr int below = 400'000;
constexpr int pieces = 16;

/// Does its work in one poll and yields to nobody: good on a worker, bad where others wait for the thread.
rt::Async<int> count_primes(int first, int last) {
    int count = 0;
    for (int n = first; n < last; ++n) {
        bool is_prime = n >= 2;
        for (int divisor = 2; is_prime && divisor * divisor <= n; ++divisor) {
            is_prime = n % divisor != 0;
        }
        count += is_prime;
    }
    co_return count;
}

rt::Async<int> work() {
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

rt::Async<int> wait() {
    rt::JoinSet<> tasks;
    int waits = 0;
    for (; waits < 4; ++waits) {
        tasks.spawn(rt::sleep(100ms));
    }
    while (auto done = co_await tasks.join_next()) {}
    co_return waits;
}

/// Runs `main` and says how long that took.
template <class Runtime>
void measure(Runtime& runtime, std::string_view where, std::string_view what, rt::Async<int> main) {
    const rt::Instant start = std::chrono::steady_clock::now();
    const int result = runtime.block_on(std::move(main));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    fmt::print("{:<10} {} {}: {:.0f} ms\n", where, result, what, took.count());
}

}  // namespace

int main(int argc, char** argv) {
    unsigned workers = rt::available_parallelism();
    const std::string_view text = argc > 1 ? argv[1] : "";
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), workers);
    const bool is_number = error == std::errc() && end == text.data() + text.size() && workers >= 1 && workers <= 64;
    if (argc > 2 || (argc == 2 && !is_number)) {
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
            measure(one_worker, "one worker", "primes", work());
        }
        rt::MultiThread all_workers(workers);
        measure(all_workers, fmt::format("{} worker{}", workers, workers == 1 ? "" : "s"), "primes", work());
        return 0;
    } catch (const std::system_error& not_started) {
        rt::eprintln("{}", not_started.what());
        return 1;
    }
}
