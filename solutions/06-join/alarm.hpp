/// \file
/// Given: the alarm of lesson 05, because a join is about waiting. `Alarm(30ms)` is a future that is Ready 30 ms after its first
/// poll.
#pragma once

#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>

#include <chrono>
#include <memory>

/// Ready some time after its first poll. Its thread sleeps that long, and then wakes the task that polled last.
class Alarm {
  public:
    using Output = void;

    explicit Alarm(std::chrono::milliseconds after) : after_(after), clock_(std::make_unique<Clock>()) {}
    Alarm(Alarm&&) = default;
    ~Alarm() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    rt::Poll<void> poll(rt::Context& cx) {
        clock_->slot.register_waker(cx.waker());
        if (clock_->rung.load(rt::acquire)) {
            return rt::Ready();
        }
        if (!thread_.joinable()) {
            thread_ = rt::Thread([clock = clock_.get(), deadline = rt::Instant::clock::now() + after_] {
                rt::ThreadPark().park(deadline);
                clock->rung.store(true, rt::release);
                clock->slot.wake();
            });
        }
        return rt::Pending;
    }

  private:
    /// Shared by the future and its thread.
    struct Clock {
        rt::Atomic<bool> rung{false};
        rt::WakerSlot slot;
    };

    std::chrono::milliseconds after_;
    std::unique_ptr<Clock> clock_;
    rt::Thread thread_;
};
