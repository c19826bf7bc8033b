/// \file
/// A Park for tests: never sleeps, counts, and does instead of sleeping what the test says. It ends the program if the runtime
/// can't go on, because an exception would lead to the destructor of the runtime, which can't go on either.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <support/story.hpp>

#include <functional>
#include <optional>
#include <utility>

namespace support {

class CountingPark final : public rt::Park {
  public:
    void park(std::optional<rt::Instant> deadline) override {
        if (deadline == rt::no_wait) {
            if (++looks_ > 10'000) {
                rt::violation("the runtime looks around again and again, although nothing is ready. Sleep instead.");
            }
        } else {
            ++sleeps_;
            sleeps_with_deadline_ += deadline.has_value();
            if (unparks_.exchange(0, rt::acquire) == 0) {
                if (!instead_of_sleep_) {
                    step("the runtime would sleep forever");
                    rt::violation("the runtime went to sleep, and nothing is left to wake it.");
                }
                instead_of_sleep_();
            }
        }
        if (whenever_) {
            whenever_();
        }
    }
    void unpark() noexcept override { unparks_.fetch_add(1, rt::release); }

    /// Done where a real park would sleep.
    void instead_of_sleep(std::function<void()> f) { instead_of_sleep_ = std::move(f); }
    /// Done at the end of each park.
    void whenever(std::function<void()> f) { whenever_ = std::move(f); }

    /// How often the runtime only looked around: park(no_wait).
    int looks() const noexcept { return looks_; }
    /// How often it wanted to sleep.
    int sleeps() const noexcept { return sleeps_; }
    int sleeps_with_deadline() const noexcept { return sleeps_with_deadline_; }
    /// Unparks that no sleep has taken yet.
    int unparks() const noexcept { return unparks_.load(rt::acquire); }

  private:
    int looks_ = 0;
    int sleeps_ = 0;
    int sleeps_with_deadline_ = 0;
    rt::Atomic<int> unparks_{0};
    std::function<void()> instead_of_sleep_;
    std::function<void()> whenever_;
};

}  // namespace support
