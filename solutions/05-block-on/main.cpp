/// \file
/// A timer thread and a sleeping main. First main asks without pause, and burns its processor; then it
/// sleeps.
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/print.hpp>
#include <rt/sync.hpp>
#include <rt/waker_slot.hpp>

#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace {

using rt::Context;
using rt::Poll;

/// Ready some time after its first poll: a thread of its own sleeps that long, and then wakes whoever waits.
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

    Poll<void> poll(Context& cx) {
        clock_->slot.register_waker(cx.waker());  // first register, then look
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

/// Asks without pause. Lesson 05 is about not doing this.
int polls_spinning(Alarm alarm) {
    rt::Waker const waker = rt::Waker::noop();
    Context cx(waker);
    int polls = 1;
    while (alarm.poll(cx).is_pending()) {
        ++polls;
    }
    return polls;
}

/// Asks when there is something to hear.
int polls_sleeping(Alarm alarm) {
    int polls = 0;
    rt::block_on(rt::poll_fn([&alarm, &polls](Context& cx) {
        ++polls;
        return alarm.poll(cx);
    }));
    return polls;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    auto const after = std::chrono::milliseconds(30);
    fmt::print("spinning: {} polls for one alarm\n", polls_spinning(Alarm(after)));
    fmt::print("sleeping: {} polls for one alarm\n", polls_sleeping(Alarm(after)));
}
