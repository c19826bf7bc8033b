/// \file
/// Given: an alarm, for programs that need something to wait for. `Alarm(30ms)` is a future that is Ready 30 ms after its first
/// poll.
///
/// Thread safety: one thread at a time polls an alarm. The alarm's own thread wakes the task. A mutex protects what the
/// two threads share.
#pragma once

#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <chrono>
#include <memory>
#include <utility>

/// Ready some time after its first poll. A thread of its own sleeps until then, and wakes the task that polled last.
class Alarm {
  public:
    using Output = void;

    explicit Alarm(std::chrono::milliseconds after) : after_(after), shared_(std::make_unique<Shared>()) {}
    Alarm(Alarm&&) = default;
    ~Alarm() {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    rt::Poll<void> poll(rt::Context& cx) {
        contract_.begin("alarm");
        rt::Lock const lock(shared_->mutex);
        if (shared_->has_rung) {
            return rt::Ready();
        }
        shared_->waker = cx.waker();
        if (!thread_.joinable()) {
            thread_ = rt::Thread([shared = shared_.get(), deadline = rt::Instant::clock::now() + after_] {
                rt::ThreadPark().park(deadline);
                shared->ring().wake();
            });
        }
        return contract_.pending();
    }

  private:
    /// What the future and its thread share. The mutex protects it.
    struct Shared {
        rt::Mutex mutex;
        bool has_rung = false;
        rt::Waker waker;

        /// Returns the waker of the last poll.
        rt::Waker ring() {
            rt::Lock const lock(mutex);
            has_rung = true;
            return std::move(waker);
        }
    };

    [[no_unique_address]] rt::Contract contract_;
    std::chrono::milliseconds after_;
    std::unique_ptr<Shared> shared_;
    rt::Thread thread_;
};
