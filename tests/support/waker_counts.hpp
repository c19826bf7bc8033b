/// \file
/// `WakerCounts`: the counts of a CountingWaker. It includes no header of a lesson.
#pragma once

#include <rt/sync.hpp>
#include <rt/trace.hpp>

namespace rt::record {
struct TaskRow;
}

namespace support {

/// The counts of the wakers of one task. See CountingWaker.
class WakerCounts {
  public:
    static WakerCounts* make();
    WakerCounts(const WakerCounts&) = delete;
    WakerCounts& operator=(const WakerCounts&) = delete;

    // Called by the functions in the vtable of the wakers.
    void made() noexcept;
    void cloned() noexcept;
    void woke() noexcept;
    void woke_by_ref() noexcept;
    void dropped() noexcept;

    int clones() const noexcept;
    int drops() const noexcept;
    int wakes() const noexcept;
    int wakes_by_value() const noexcept;
    int alive() const noexcept;
    int deaths() const noexcept;

    /// Counts wakes for `row` of the record from now on, or for no row if `row` is null.
    void record_as(rt::record::TaskRow* row) noexcept;

  private:
    WakerCounts() = default;
    void record(rt::trace::Kind kind) noexcept;
    void one_less() noexcept;

    rt::Atomic<int> alive_{0};
    rt::Atomic<int> deaths_{0};
    rt::Atomic<int> clones_{0};
    rt::Atomic<int> drops_{0};
    rt::Atomic<int> wakes_by_value_{0};
    rt::Atomic<int> wakes_by_ref_{0};
    rt::Atomic<rt::record::TaskRow*> row_{nullptr};
    WakerCounts* next_ = nullptr;  // keeps all counts reachable, so that the leak checker does not report them
};

}  // namespace support
