// Latencies in memory that does not grow: a histogram whose buckets widen with the value, as HdrHistogram's do
// (Gil Tene's; the arithmetic is ours).
//
// A value below 256 has a bucket of its own. Above, each power of two is cut into 128 equal buckets, so a bucket is
// never wider than 1/128 of what is in it: a percentile read from here is at most 0.8 % above the true one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace load {

/// Counts values (nanoseconds, here) and answers for percentiles. 27 kB, whatever is recorded.
class Histogram {
  public:
    /// Counts one value; anything above `largest` (some 18 minutes) is counted as that.
    constexpr void record(std::uint64_t value) {
        value = std::min(value, largest);
        ++counts_[index_of(value)];
        ++count_;
        max_ = std::max(max_, value);
    }

    /// Adds what another one has counted: each group of connections has its own.
    constexpr void add(const Histogram& other) {
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            counts_[i] += other.counts_[i];
        }
        count_ += other.count_;
        max_ = std::max(max_, other.max_);
    }

    constexpr std::uint64_t count() const { return count_; }
    constexpr std::uint64_t max() const { return max_; }

    /// The smallest value that at least `percent` of the recorded ones do not exceed; the top of its bucket, but
    /// never more than max(). 0 if nothing was recorded.
    constexpr std::uint64_t percentile(double percent) const {
        auto wanted = static_cast<std::uint64_t>(percent / 100 * static_cast<double>(count_) + 0.999999);
        wanted = std::clamp<std::uint64_t>(wanted, 1, std::max<std::uint64_t>(count_, 1));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted) {
                return std::min(top_of(i), max_);
            }
        }
        return 0;
    }

    static constexpr std::uint64_t largest = (std::uint64_t{1} << 40) - 1;

  private:
    static constexpr unsigned half_bits = 7;  // 128 buckets to a power of two

    /// Index e * 128 + (value >> e), with e such that value >> e is in [128, 256): consecutive over all values.
    static constexpr std::size_t index_of(std::uint64_t value) {
        unsigned width = static_cast<unsigned>(std::bit_width(value));
        unsigned e = width <= half_bits + 1 ? 0 : width - half_bits - 1;
        return (std::size_t{e} << half_bits) + static_cast<std::size_t>(value >> e);
    }

    /// The largest value that index_of() sends to this index.
    static constexpr std::uint64_t top_of(std::size_t index) {
        std::size_t e = index < (std::size_t{2} << half_bits) ? 0 : (index >> half_bits) - 1;
        std::uint64_t head = index - (e << half_bits);
        return ((head + 1) << e) - 1;
    }

    std::array<std::uint64_t, (40 - half_bits + 1) << half_bits> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

/// True if percentiles of `step`, 2 * step, … 1000 * step come out right: never too low, and at most 1/128 too high.
constexpr bool is_exact_enough(std::uint64_t step) {
    Histogram histogram;
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        histogram.record(i * step);
    }
    auto fits = [&](double percent, std::uint64_t exact) {
        std::uint64_t found = histogram.percentile(percent);
        return found >= exact && found <= exact + exact / 128;
    };
    return fits(50, 500 * step) && fits(99, 990 * step) && fits(100, 1000 * step) && histogram.max() == 1000 * step;
}
static_assert(is_exact_enough(1) && is_exact_enough(977) && is_exact_enough(1'000'003));

}  // namespace load
