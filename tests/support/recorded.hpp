/// \file
/// How the mocks get into the record (rt/record.hpp), which the watchdog reads when a test hangs. They do not announce
/// events: a TraceLog hears of the code under test alone.
///
/// What the mocks do that is the same for every future stands in .cpp files, here and in the other headers of the harness: it
/// is compiled once, and not again for each test file at each save.
#pragma once

#include <rt/trace.hpp>

#include <cstdint>

namespace rt::record {
struct TaskRow;
}

namespace support {

/// A row for a future that a test polls by hand; null if there is no room.
rt::record::TaskRow* record_mock(const void* subject, const char* name) noexcept;
/// A row for a future whose end a test decides; null if there is no room.
rt::record::TaskRow* record_remote(const void* subject, const char* name) noexcept;
/// Ends the row of `subject`.
void record_end(const void* subject) noexcept;

/// Something that happened to a mock or to its wakers.
void record_of(rt::record::TaskRow* row, rt::trace::Kind kind) noexcept;

/// One poll of a mock: made before it, told how it ended, and gone after it.
class Recorded {
  public:
    explicit Recorded(rt::record::TaskRow* row) noexcept;
    Recorded(const Recorded&) = delete;
    Recorded& operator=(const Recorded&) = delete;
    /// Left by an exception, if `ended` was not called.
    ~Recorded();

    void ended(bool is_ready) noexcept { result_ = is_ready; }

  private:
    rt::record::TaskRow* row_;
    std::int64_t result_ = -1;
};

}  // namespace support
