/// Given: what the program measures and prints. Read main.cpp, which says what runs where.
/// \file
/// `count_primes`, which needs a processor; `measure`, which prints how long a future took; and the program's argument.
#pragma once

#include <rt/async.hpp>
#include <rt/sys_process.hpp>

#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

/// How many primes there are from `first` to `last - 1`. Counts them in one poll and never yields. On a worker of its own
/// that harms nobody. On the only thread of a runtime, all other tasks would wait.
inline rt::Async<int> count_primes(int first, int last) {
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

/// Runs `main`, and prints its result and how long it took.
template <class Runtime>
void measure(Runtime& runtime, std::string_view where, std::string_view what, rt::Async<int> main) {
    using std::chrono::steady_clock;
    const steady_clock::time_point start = steady_clock::now();
    const int result = runtime.block_on(std::move(main));
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - start;
    fmt::print("{:<10} {} {}: {:.0f} ms\n", where, result, what, took.count());
}

/// The number of workers that the program's argument names, or one for each processor. Nothing if the arguments are wrong.
inline std::optional<unsigned> workers_from(int argc, char** argv) {
    unsigned workers = rt::available_parallelism();
    if (argc == 1) {
        return workers;
    }
    const std::string_view text = argv[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), workers);
    const bool is_number = error == std::errc() && end == text.data() + text.size();
    return argc == 2 && is_number && workers >= 1 && workers <= 64 ? std::optional(workers) : std::nullopt;
}
