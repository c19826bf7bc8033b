/// \file
/// `Mock`: the part of a MockTask that includes no header of a lesson.
#pragma once

#include <support/story.hpp>
#include <support/waker_counts.hpp>

#include <string>
#include <string_view>

namespace support {

/// The name and the counts of a MockTask, its row in the record, and its steps in the story.
class Mock {
  public:
    Mock(const Mock&) = delete;
    Mock& operator=(const Mock&) = delete;

    /// True if a wake has come since the last poll began.
    bool is_woken() const noexcept;
    /// How often it was woken.
    int wakes() const noexcept;
    /// How often it was polled.
    int polls() const noexcept;
    /// How often its waker was copied.
    int clones() const noexcept;
    /// How often a copy of its waker was destroyed without being used up by `wake`.
    int drops() const noexcept;
    /// How many copies of its waker exist now.
    int kept_wakers() const noexcept;

  protected:
    explicit Mock(std::string_view name);
    ~Mock() = default;

    WakerCounts* counts() const noexcept { return counts_; }
    rt::record::TaskRow* row() const noexcept { return row_; }

    /// Record a poll as a step, and later its outcome as part of that step.
    StepNumber tell_poll();
    void tell_outcome(StepNumber number, bool is_ready);
    void tell_exception(StepNumber number);
    void tell_drop();

    /// Counts a poll that begins. Throws if the future was dropped.
    void begin_poll(bool has_future);
    /// Ends its row in the record. Called before the mock destroys its future.
    void leave_record() noexcept;

  private:
    std::string name_;
    WakerCounts* counts_;
    rt::record::TaskRow* row_;
    int polls_ = 0;
    int wakes_before_poll_ = 0;
};

}  // namespace support
