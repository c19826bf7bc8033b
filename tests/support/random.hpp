/// \file
/// `Random`: random numbers that a seed reproduces, for stress tests. Also short delays, to hit races.
#pragma once

#include <rt/sync.hpp>
#include <support/story.hpp>

#include <cstdint>
#include <cstdlib>

namespace support {

/// SplitMix64, which is small and gives the same numbers on every machine.
class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }

    /// From 0 to n - 1.
    int below(int n) noexcept { return static_cast<int>(next() % static_cast<std::uint64_t>(n)); }

  private:
    std::uint64_t state_;
};

/// Runs an empty loop `turns` times, so that two threads meet at different moments. Called in stress tests, and never to wait
/// for an event.
inline void dawdle(int turns) noexcept {
    for (int volatile turn = 0; turn < turns;) {
        turn = turn + 1;
    }
}

/// Spins until `done()`, because a latch would be too slow to hit a race. Yields the processor now and then, so that it works
/// on one processor too.
template <class Done>
void spin_until(Done done) {
    for (int turn = 1; !done(); ++turn) {
        if (turn % 2000 == 0) {
            rt::yield_thread();
        }
    }
}

/// The seed of this run: PBP_SEED, or 1. Records it as a step, so a failure prints it.
inline std::uint64_t seed_of_this_run() {
    const char* text = std::getenv("PBP_SEED");
    std::uint64_t const seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
    step("seed {} (PBP_SEED={} repeats it)", seed, seed);
    return seed;
}

/// How many rounds a stress test runs: `full`, or a fifth of that with PBP_STRESS=short, which the learner's loop sets.
/// No number of rounds finds every race. A race that a test must find needs a test that forces it.
inline int rounds_of(int full) {
    static bool const is_short = std::getenv("PBP_STRESS") != nullptr;
    return is_short ? full / 5 : full;
}

}  // namespace support
