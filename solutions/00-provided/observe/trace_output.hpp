/// \file
/// Given: the file behind `trace_to_file`, a JSON array that is complete at any moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rt::trace {

/// Appends JSON to a file and keeps the array's closing bracket behind it.
///
/// Thread safety: none. TraceFile holds its own lock when it calls these functions.
class TraceOutput {
  public:
    /// Takes over `fd`, which is empty and open for writing.
    explicit TraceOutput(int fd) noexcept : fd_(fd) {}

    /// Writes `json` over the closing bracket, and then the bracket. Does nothing once the file is full or broken.
    void append(std::string_view json);
    /// Bytes of JSON, without the closing bracket.
    std::int64_t size() const noexcept { return end_; }
    /// Makes the next `append` begin at byte `size`, which is at most `size()`.
    void take_back(std::int64_t size) noexcept { end_ = size; }

  private:
    bool put_all(std::string_view text);

    int fd_;
    std::int64_t end_ = 0;          // where the closing bracket is
    std::int64_t longest_end_ = 0;  // where the file ends
    bool is_over_ = false;          // full, or it could not be written
};

}  // namespace rt::trace
