/// \file
/// How the micro programs in C++ measure. They say nothing of a runtime here; ../rust/common/src/measuring.rs does the same.
///
///     PROGRAM list                the measures it has
///     PROGRAM MEASURE N           one run of N operations after a small warm-up: prints `MEASURE N WALL_NS CPU_NS`
///
/// What one operation is, in every peer alike. All but block_on_ready run in a task of the runtime, so that a multi-threaded
/// one is measured on its workers; to make the runtime is not counted, results are added up and checked.
///
///     spawn_await        one task that returns a number is spawned, and awaited before the next
///     spawn_many         N such tasks are spawned, then awaited in order; the list of handles has its room already
///     join_set_1000      one task of a JoinSet: a thousand are spawned and taken out as they finish, again and again
///     yield_1            one yield of one spawned task
///     yield_1000         one yield of one of a thousand spawned tasks, which share the N yields
///     block_on_ready     from outside of the runtime: block_on of a future that returns a number at once
///     notify_ping_pong   a round trip: two tasks wake each other, through a Notify each
///     oneshot_ping_pong  a round trip: two tasks throw a ball, each throw through a oneshot channel made for it
///     spawn_blocking     a number comes back from a job on the blocking pool, before the next job
///     timers_create      a sleep of more than an hour is made and polled once, which registers it
///     timers_cancel      such a sleep is dropped, all of them in the order in which they were made
///     timers_run         a sleep's whole life: made, registered, fired within a second in no order; one task awaits them all
///     parked_bytes_…     memory of a task that waits for ever, malloc's own rounding included; its handle is dropped. Body of
///                        the future: a waker and a number. Of the coroutine: a number that lives across an await of it
#pragma once

#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <vector>

namespace measuring {

/// Nanoseconds of the wall clock and of CPU; or bytes, twice.
struct Figures {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

inline std::uint64_t nanoseconds(clockid_t clock) noexcept {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

/// Runs from its making to `stop`. CPU time is that of all threads.
class Stopwatch {
  public:
    Stopwatch() noexcept : cpu_(nanoseconds(CLOCK_PROCESS_CPUTIME_ID)), wall_(nanoseconds(CLOCK_MONOTONIC)) {}

    Figures stop() const noexcept {
        std::uint64_t wall = nanoseconds(CLOCK_MONOTONIC) - wall_;
        return Figures(wall, nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_);
    }

  private:
    std::uint64_t cpu_;
    std::uint64_t wall_;
};

/// The value, which the compiler now knows nothing of.
inline std::uint64_t opaque(std::uint64_t value) noexcept {
    volatile std::uint64_t hidden = value;
    return hidden;
}

/// Ends the program if a result is not what it must be.
inline void check(bool is_right, const char* what) {
    if (!is_right) {
        std::fprintf(stderr, "%s came out wrong\n", what);
        std::exit(1);
    }
}

/// The sum of 0 … n-1, which the tasks' numbers must add up to.
inline std::uint64_t sum_below(std::uint64_t n) noexcept { return n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n; }

/// When the timer `i` of `n` is to fire, from the measure's start: all over one second, in no order, after a time in which
/// all of them can be made. Those of timers_create and timers_cancel are not to fire at all.
inline std::chrono::nanoseconds timer_delay(std::uint64_t i, std::uint64_t n, bool fires) noexcept {
    std::uint64_t spread = ((i * 2'654'435'761U) & 0xffff'ffffU) * 1'000'000'000U >> 32U;
    std::uint64_t lead = fires ? 200'000'000 + 3'000 * n : 3'600'000'000'000U;
    return std::chrono::nanoseconds(lead + spread);
}

/// Bytes in use of malloc's memory: of each block its usable size and the 8 bytes in front of it, in all arenas.
inline std::uint64_t heap_in_use() noexcept {
    struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

/// How often all futures that wait for ever were polled.
inline std::atomic<std::uint64_t> parked_polls{0};

/// What a program was asked to do.
struct Order {
    std::string_view measure;
    std::uint64_t n = 0;
    std::string_view runtime = "current_thread";

    /// Operations before the stopwatch starts; of timers that fire one is enough, as they take a second.
    std::uint64_t warm_up() const noexcept { return std::min<std::uint64_t>(n, measure == "timers_run" ? 1 : 1000); }
};

/// Says what came of it, and ends the process at once: no farewell to the tasks that wait for ever.
[[noreturn]] inline void print_and_end(const Order& order, Figures figures) {
    std::printf("%.*s %llu %llu %llu\n", static_cast<int>(order.measure.size()), order.measure.data(),
                static_cast<unsigned long long>(order.n), static_cast<unsigned long long>(figures.first),
                static_cast<unsigned long long>(figures.second));
    std::fflush(stdout);
    std::_Exit(0);
}

/// What a program has: its measures on one of its runtimes, and how to run one of them.
struct Peer {
    std::vector<std::string_view> runtimes;
    std::vector<std::string_view> measures;
    std::function<Figures(const Order&)> run;  // warm-up included; a runtime of its own for each run
};

[[noreturn]] inline void refuse(const char* program, std::string_view sentence) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s: %.*s\n", program, static_cast<int>(sentence.size()), sentence.data());
    std::exit(2);
}

/// The program's main function.
[[noreturn]] inline void main(const Peer& peer, int argc, char** argv) {
    Order order;
    std::vector<std::string_view> words;
    for (int at = 1; at < argc; ++at) {
        std::string_view word = argv[at];
        if (word == "--runtime" && at + 1 < argc) {
            order.runtime = argv[++at];
        } else if (word.starts_with("-")) {
            refuse(argv[0], "there is no such option: there is --runtime NAME");
        } else {
            words.push_back(word);
        }
    }
    auto has = [](const auto& list, std::string_view name) { return std::ranges::find(list, name) != list.end(); };
    if (!has(peer.runtimes, order.runtime)) {
        refuse(argv[0], "there is no such runtime in this program");
    }
    if (words.size() == 1 && words[0] == "list") {
        for (std::string_view measure : peer.measures) {
            std::printf("%.*s\n", static_cast<int>(measure.size()), measure.data());
        }
    } else {
        auto [end, error] = words.size() == 2 ? std::from_chars(words[1].begin(), words[1].end(), order.n)
                                              : std::from_chars_result{nullptr, std::errc::invalid_argument};
        if (error != std::errc() || end != words[1].end() || order.n == 0) {
            refuse(argv[0], "say what to measure and how often, MEASURE N, or list");
        }
        order.measure = words[0];
        if (!has(peer.measures, order.measure)) {
            refuse(argv[0], "there is no such measure here: see list");
        }
        print_and_end(order, peer.run(order));
    }
    std::fflush(stdout);
    std::_Exit(0);
}

}  // namespace measuring
