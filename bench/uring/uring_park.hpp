/// \file
/// `UringPark`: io_uring, as a Park. The thread sleeps in the kernel until an operation has completed.
///
/// As the reactor does, it stands at the bottom of a runtime's sleep, and nothing above it knows: tasks, timers and `select`
/// are what they were. What a turn of the runtime began goes to the kernel by the call that sleeps, so that under load a
/// system call serves many requests.
///
/// A runtime waits in epoll or in io_uring, not in both: whichever came last would be the only one to be heard. A runtime
/// with one thread only: the ring has one owner.
#pragma once

#include "uring_engine.hpp"

#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>

namespace rt::uring {

class UringPark final : public Park {
  public:
    /// Called by `scheduler.service<UringPark>()`, when the first socket is made. Throws where the kernel has no io_uring.
    explicit UringPark(Scheduler& scheduler) : UringPark() {
        if (scheduler.is_multi_threaded() || scheduler.find_service<Reactor>() != nullptr) {
            violation("io_uring needs a current_thread runtime that has no epoll reactor: use one kind of sockets");
        }
        scheduler.set_base(*this);
    }
    /// On its own: `UringPark park(limits); CurrentThread runtime(park); runtime.adopt_service(park);`. Made on the runtime's
    /// thread; outlives it.
    explicit UringPark(BufferLimits limits = {}) : engine_(Engine::make(limits)), event_(sys::event_fd()) {
        if (!event_) {
            throw sys::error(event_.get(), "eventfd");
        }
        engine_->watch(event_.get());
    }
    ~UringPark() override { engine_->close(); }

    void park(std::optional<Instant> deadline) override {
        bool sleeps = deadline != no_wait;
        if (sleeps && state_.exchange(parked, acq_rel) == notified) {
            sleeps = false;  // that was the token
        }
        if (!sleeps) {
            engine_->turn(Engine::Wait::no);
        } else {
            trace::emit(trace::Kind::park, this, deadline.has_value());
            if (deadline) {
                engine_->turn(Engine::Wait::until_timeout, left_until(*deadline));
            } else {
                engine_->turn(Engine::Wait::without_end);
            }
        }
        state_.exchange(awake, acq_rel);
    }

    void unpark() noexcept override {
        if (state_.exchange(notified, acq_rel) != parked) {
            return;  // awake, and it will see the token; or another unpark has written already
        }
        trace::emit(trace::Kind::unpark, this);
        constexpr std::uint64_t one = 1;
        while (sys::write(event_.get(), {reinterpret_cast<const char*>(&one), sizeof one}) == -EINTR) {}
    }

    /// Where sockets begin their operations.
    Engine& engine() noexcept { return *engine_; }

    /// The engine of the runtime that polls the caller; `what` is for the sentence that ends the program outside of one.
    static Engine& engine_of_current(const char* what) { return current(what).service<UringPark>().engine(); }

  private:
    enum State : int { awake, parked, notified };

    static __kernel_timespec left_until(Instant deadline) noexcept {
        auto left = std::max<std::int64_t>(std::chrono::nanoseconds(deadline - sys::now()).count(), 0);
        __kernel_timespec time{};
        time.tv_sec = left / 1'000'000'000;
        time.tv_nsec = left % 1'000'000'000;
        return time;
    }

    Engine::Pointer engine_;
    sys::Fd event_;
    Atomic<int> state_{awake};
};

}  // namespace rt::uring
