/// \file
/// Random numbers that can be had again: and a way to waste time with them: for stress tests.
#pragma once

#include <rt/sync.hpp>
#include <support/story.hpp>

#include <cstdint>
#include <cstdlib>

namespace support {

/// SplitMix64: small, and the same on every machine.
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

/// Some turns of an empty loop, so that two threads meet at ever other moments. Called in stress tests, never
/// to wait.
inline void dawdle(int turns) noexcept {
    for (int volatile turn = 0; turn < turns;) {
        turn = turn + 1;
    }
}

/// Spins until `done()`: meets another thread to within nanoseconds, where a latch would be too slow to hit a
/// race. Gives the processor away now and then, so that it works on one processor too.
template <class Done>
void spin_until(Done done) {
    for (int turn = 1; !done(); ++turn) {
        if (turn % 2000 == 0) {
            rt::yield_thread();
        }
    }
}

/// The seed of this run: PBP_SEED, or 1. It becomes a step, so that a failure prints it.
inline std::uint64_t seed_of_this_run() {
    const char* text = std::getenv("PBP_SEED");
    std::uint64_t const seed = text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
    step("seed {} (PBP_SEED={} repeats it)", seed, seed);
    return seed;
}

/// How often a stress test tries: `full` times, or a fifth of that with PBP_STRESS=short, which the learner's loop says at each
/// save. A stress may not see a mistake with either: what must be seen needs a test that drives it.
inline int rounds_of(int full) {
    static bool const is_short = std::getenv("PBP_STRESS") != nullptr;
    return is_short ? full / 5 : full;
}

}  // namespace support
