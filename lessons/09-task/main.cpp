/// \file
/// One task, run by hand, wake by wake. main has the queue, and does by hand what a runtime does in a loop. With the
/// argument `mini`, the program shows three bugs of a smaller executor instead.
#include "three_bugs.hpp"

#include <rt/async.hpp>
#include <rt/print.hpp>
#include <rt/task.hpp>
#include <rt/waker_slot.hpp>

#include <deque>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace {

/// Where woken tasks wait until main runs them.
class Queue final : public rt::Schedule {
  public:
    void schedule(rt::Runnable runnable) noexcept override {
        fmt::print("  -> into the queue\n");
        runnables_.push_back(std::move(runnable));
    }
    void run_next() {
        fmt::print("main: run the task\n");
        rt::Runnable next = std::move(runnables_.front());
        runnables_.pop_front();
        std::move(next).run();
        fmt::print("main: {} in the queue\n", runnables_.size());
    }

  private:
    std::deque<rt::Runnable> runnables_;
};

// Given: an event to wait for, as in lesson 02.
/// Each `ring` lets one guest in, and wakes the task that waits at the door.
class Doorbell {
  public:
    void ring() noexcept {
        fmt::print("main: ring the doorbell\n");
        ++rings_;
        waiting_.wake();
    }
    rt::Poll<void> poll_ring(rt::Context& cx) {
        waiting_.register_waker(cx.waker());
        if (rings_ == 0) {
            return rt::Pending;
        }
        --rings_;
        return rt::Ready();
    }

  private:
    int rings_ = 0;
    rt::WakerSlot waiting_;
};

rt::Async<int> open_the_door(Doorbell* bell) {
    fmt::print("  task: I wait for two guests\n");
    for (int guest = 1; guest <= 2; ++guest) {
        auto ring = rt::poll_fn([bell](rt::Context& cx) { return bell->poll_ring(cx); });
        co_await ring;
        fmt::print("  task: guest {}, come in\n", guest);
    }
    co_return 2;
}

void run_by_hand() {
    Queue queue;
    Doorbell bell;
    auto [runnable, handle] = rt::make_task(open_the_door(&bell), queue);
    fmt::print("main: the task is made, and nothing has happened\n");
    queue.schedule(std::move(runnable));
    queue.run_next();  // Pending: the task sleeps, and the bell has its waker
    bell.ring();
    queue.run_next();
    bell.ring();
    queue.run_next();  // Ready: the outcome waits for the handle
    fmt::print("main: finished: {}, guests: {}\n", handle.is_finished(), handle.take_result());
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view const part = argc == 2 ? argv[1] : "";
    if (argc == 1) {
        run_by_hand();
    } else if (part == "mini") {
        woken_twice();
        woken_while_it_runs();
        nobody_can_wait();
    } else {
        rt::eprintln("'{}' means nothing here. Say nothing, or 'mini' for the executor with three bugs.",
                     argv[argc - 1]);
        return 2;
    }
    return 0;
}
