// What is sent, so that whatever comes back wrong is noticed.
//
// A stream's byte at position p is a fixed function of p alone: byte p modulo a prime of one block of noise, repeated.
// So what was sent need not be remembered: the bytes to send next, and the bytes that must come next, are each one
// contiguous piece of memory, and checking is one memcmp. The period divides no message size: a lost, doubled or
// swapped message is out of step with it, and so is another stream's answer, since each stream starts elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace load {

/// The noise, unrolled far enough that `span` bytes from any position lie side by side.
class Pattern {
  public:
    static constexpr std::size_t period = 4093;      // a prime
    static constexpr std::size_t span = 256 * 1024;  // the longest piece anybody asks for

    Pattern() : bytes_(period + span) {
        std::uint64_t state = 0x9E3779B97F4A7C15;  // any seed but 0 (xorshift)
        for (std::size_t i = 0; i < period; ++i) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes_[i] = static_cast<char>(state >> 32);
        }
        for (std::size_t i = period; i < bytes_.size(); ++i) {
            bytes_[i] = bytes_[i - period];
        }
    }

    /// The bytes at [position, position + length) of a stream; length is at most `span`.
    std::string_view at(std::uint64_t position, std::size_t length) const {
        return {bytes_.data() + position % period, length};
    }

  private:
    std::vector<char> bytes_;
};

}  // namespace load
