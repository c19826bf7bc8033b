/// \file
/// What the programs measure that show how cost grows; ../rust/tokio/src/bin/tokio_grow.rs does the same. The command line is
/// that of the micro programs, `PROGRAM MEASURE N`, and so is the answer. One stopwatch runs over as many repetitions as make
/// a run long enough, and the figures are divided by their number: N may be 1.
///
///     tasks       the whole life of N tasks that are alive at once: spawned, run, joined
///     timers      N timers at once: made, registered and dropped; an earlier one waits meanwhile, as in a program at work
///     deep_wake   a thousand wakes, one after the other, of a leaf below N coroutines that await each other
#pragma once

#include "../micro/measuring.hpp"

#include <algorithm>
#include <cstdint>

namespace growing {

/// How often a measure of `n` operations is repeated.
inline std::uint64_t repetitions(std::uint64_t n) noexcept { return std::max<std::uint64_t>(1, 200'000 / n); }

/// Wakes of deep_wake, and of how many of them the figures are.
inline constexpr std::uint64_t wakes = 20'000;
inline constexpr std::uint64_t wakes_told = 1'000;

/// The figures of one repetition.
inline measuring::Figures share(measuring::Figures all, std::uint64_t times) noexcept {
    return measuring::Figures(all.first / times, all.second / times);
}

}  // namespace growing
