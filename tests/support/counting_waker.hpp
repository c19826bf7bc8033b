/// \file
/// A waker that counts what is done with it.
#pragma once

#include <rt/waker.hpp>
#include <support/waker_counts.hpp>

#include <doctest/doctest.h>

namespace support {

/// Makes wakers, and counts their clones, drops, and wakes.
///
/// The counts live as long as the process, so a waker with wrong counting shows a wrong count instead of a crash.
///
/// Thread safety: the wakers may be used on any thread. The counts are relaxed, because stronger orders would hide data races
/// from ThreadSanitizer. Read them after the threads have been joined.
class CountingWaker {
  public:
    CountingWaker() : counts_(WakerCounts::make()) {}
    CountingWaker(const CountingWaker&) = delete;
    CountingWaker& operator=(const CountingWaker&) = delete;

    /// A new waker, not counted as a clone.
    rt::Waker waker() const noexcept { return waker_of(counts_); }

    /// How often a waker was copied.
    int clones() const noexcept { return counts_->clones(); }
    /// How often a waker was destroyed without being used up by `wake`.
    int drops() const noexcept { return counts_->drops(); }
    /// How often `wake` and `wake_by_ref` were called together.
    int wakes() const noexcept { return counts_->wakes(); }
    /// How often `wake` was called, which uses the waker up.
    int wakes_by_value() const noexcept { return counts_->wakes_by_value(); }
    /// How many wakers exist now.
    int alive() const noexcept { return counts_->alive(); }
    /// How often the number of wakers went down to 0. A real task would have been destroyed then.
    int deaths() const noexcept { return counts_->deaths(); }

    /// The `data()` and the `vtable()` of its wakers.
    void* data() const noexcept { return counts_; }
    static const rt::WakerVTable* table() noexcept {
        static constexpr rt::WakerVTable vtable{
            [](void* data) noexcept { static_cast<WakerCounts*>(data)->cloned(); },
            [](void* data) noexcept { static_cast<WakerCounts*>(data)->woke(); },
            [](void* data) noexcept { static_cast<WakerCounts*>(data)->woke_by_ref(); },
            [](void* data) noexcept { static_cast<WakerCounts*>(data)->dropped(); },
        };
        return &vtable;
    }

    /// A new waker that counts in `counts`. Called by mocks.
    static rt::Waker waker_of(WakerCounts* counts) noexcept {
        counts->made();
        return rt::Waker(counts, table());
    }

  private:
    WakerCounts* counts_;
};

}  // namespace support

template <>
struct doctest::StringMaker<rt::Waker> {
    static doctest::String convert(const rt::Waker& waker) { return waker ? "a waker" : "an empty waker"; }
};
