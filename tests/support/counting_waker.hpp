/// \file
/// A waker that counts what is done with it.
#pragma once

#include <rt/record.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>
#include <support/recorded.hpp>

#include <doctest/doctest.h>

namespace support {

/// Makes wakers, and counts their clones, drops and wakes, from any thread.
///
/// The counts live as long as the process: a waker whose counting is wrong is then counted wrong, and does
/// not crash. They are relaxed, so that they order nothing between threads and hide no race from
/// ThreadSanitizer: read them when the threads have been joined, or met in another way.
class CountingWaker {
  public:
    CountingWaker() : counts_(new_counts()) {}
    CountingWaker(const CountingWaker&) = delete;
    CountingWaker& operator=(const CountingWaker&) = delete;

    /// A new waker, not counted as a clone.
    rt::Waker waker() const noexcept {
        counts_->alive.fetch_add(1, rt::relaxed);
        return rt::Waker(counts_, table());
    }

    /// How often a waker was copied.
    int clones() const noexcept { return counts_->clones.load(rt::relaxed); }
    /// How often a waker was destroyed without being used up by `wake`.
    int drops() const noexcept { return counts_->drops.load(rt::relaxed); }
    /// How often somebody was woken, by `wake` and `wake_by_ref` together.
    int wakes() const noexcept { return wakes_by_value() + counts_->wakes_by_ref.load(rt::relaxed); }
    /// How often by `wake`, which uses the waker up.
    int wakes_by_value() const noexcept { return counts_->wakes_by_value.load(rt::relaxed); }
    /// How many wakers exist now: made and cloned, neither dropped nor used up.
    int alive() const noexcept { return counts_->alive.load(rt::relaxed); }
    /// How often the last waker went: a real waiter would have been destroyed then.
    int deaths() const noexcept { return counts_->deaths.load(rt::relaxed); }

    /// From now on its wakers are those of `row`, in the record of what hangs; null: of none. Called by mocks.
    void record_as(rt::record::TaskRow* row) noexcept { counts_->row.store(row, rt::relaxed); }

    /// What its wakers have as `data()` and `vtable()`.
    void* data() const noexcept { return counts_; }
    static const rt::WakerVTable* table() noexcept {
        static constexpr rt::WakerVTable vtable{
            [](void* data) noexcept {
                of(data).record(rt::trace::Kind::waker_clone);
                of(data).clones.fetch_add(1, rt::relaxed);
                of(data).alive.fetch_add(1, rt::relaxed);
            },
            [](void* data) noexcept {
                of(data).record(rt::trace::Kind::wake);
                of(data).record(rt::trace::Kind::waker_drop);
                of(data).wakes_by_value.fetch_add(1, rt::relaxed);
                of(data).one_less();
            },
            [](void* data) noexcept {
                of(data).record(rt::trace::Kind::wake);
                of(data).wakes_by_ref.fetch_add(1, rt::relaxed);
            },
            [](void* data) noexcept {
                of(data).record(rt::trace::Kind::waker_drop);
                of(data).drops.fetch_add(1, rt::relaxed);
                of(data).one_less();
            },
        };
        return &vtable;
    }

  private:
    struct Counts {
        rt::Atomic<int> alive{0};
        rt::Atomic<int> deaths{0};
        rt::Atomic<int> clones{0};
        rt::Atomic<int> drops{0};
        rt::Atomic<int> wakes_by_value{0};
        rt::Atomic<int> wakes_by_ref{0};
        rt::Atomic<rt::record::TaskRow*> row{nullptr};
        Counts* next = nullptr;  // keeps all counts reachable, so that the leak checker does not report them

        void record(rt::trace::Kind kind) noexcept { record_of(row.load(rt::relaxed), kind); }
        void one_less() noexcept {
            if (alive.fetch_sub(1, rt::relaxed) == 1) {
                deaths.fetch_add(1, rt::relaxed);
            }
        }
    };

    static Counts& of(void* data) noexcept { return *static_cast<Counts*>(data); }

    static Counts* new_counts() {
        static rt::Atomic<Counts*> all{nullptr};
        auto* counts = new Counts;
        counts->next = all.exchange(counts, rt::acq_rel);
        return counts;
    }

    Counts* counts_;
};

}  // namespace support

template <>
struct doctest::StringMaker<rt::Waker> {
    static doctest::String convert(const rt::Waker& waker) { return waker ? "a waker" : "an empty waker"; }
};
