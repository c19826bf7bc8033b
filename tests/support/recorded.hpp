/// \file
/// How the mocks get into the record (rt/record.hpp), which the watchdog reads when a test hangs. They do not announce
/// events: a TraceLog hears of the code under test alone.
#pragma once

#include <rt/record.hpp>
#include <rt/trace.hpp>

#include <cstdint>

namespace support {

/// One poll of a mock: made before it, told how it ended, and gone after it.
class Recorded {
  public:
    explicit Recorded(rt::record::TaskRow* row) noexcept : row_(row) {
        if (row_ != nullptr) {
            rt::record::begin_poll(*row_);
        }
    }
    Recorded(const Recorded&) = delete;
    Recorded& operator=(const Recorded&) = delete;
    /// Left by an exception, if `ended` was not called.
    ~Recorded() {
        if (row_ != nullptr) {
            rt::record::end_poll(*row_, result_);
        }
    }

    void ended(bool is_ready) noexcept { result_ = is_ready; }

  private:
    rt::record::TaskRow* row_;
    std::int64_t result_ = -1;
};

/// Something that happened to a mock or to its wakers.
inline void record_of(rt::record::TaskRow* row, rt::trace::Kind kind) noexcept {
    if (row != nullptr) {
        rt::record::hear_of(*row, kind);
    }
}

}  // namespace support
