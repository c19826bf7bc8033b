/// \file
/// `Recorded`: puts the polls of mocks into the record, which the watchdog reads when a test hangs.
///
/// Mocks emit no trace events, so a TraceLog shows only the code under test. Their functions are in mocks.cpp where that is
/// possible, because a learner's test file then compiles faster.
#pragma once

#include <rt/trace.hpp>

#include <cstdint>

namespace rt::record {
struct TaskRow;
}

namespace support {

/// A row for a future that a test polls by hand, or null if there is no room.
rt::record::TaskRow* record_mock(const void* subject, const char* name) noexcept;
/// A row for a future that a Remote finishes, or null if there is no room.
rt::record::TaskRow* record_remote(const void* subject, const char* name) noexcept;
/// Ends the row of `subject`.
void record_end(const void* subject) noexcept;

/// Records what happened to a mock or to its wakers.
void record_of(rt::record::TaskRow* row, rt::trace::Kind kind) noexcept;

/// One poll of a mock. It is constructed before the poll and destroyed after it.
class Recorded {
  public:
    explicit Recorded(rt::record::TaskRow* row) noexcept;
    Recorded(const Recorded&) = delete;
    Recorded& operator=(const Recorded&) = delete;
    /// Records an exception if `ended` was not called.
    ~Recorded();

    void ended(bool is_ready) noexcept { result_ = is_ready; }

  private:
    rt::record::TaskRow* row_;
    std::int64_t result_ = -1;
};

}  // namespace support
