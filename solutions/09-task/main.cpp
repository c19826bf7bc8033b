/// \file
/// One task, run by hand, wake by wake: main has the queue, and does itself what a runtime does in a loop.
#include <rt/async.hpp>
#include <rt/print.hpp>
#include <rt/task.hpp>
#include <rt/waker_slot.hpp>

#include <deque>
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

/// Rings once for each `ring`; whoever waits is woken.
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

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    Queue queue;
    Doorbell bell;
    auto [runnable, handle] = rt::make_task(open_the_door(&bell), queue);
    fmt::print("main: the task is made, and nothing has happened\n");
    queue.schedule(std::move(runnable));
    queue.run_next();  // Pending: the task sleeps, the bell has its waker
    bell.ring();
    queue.run_next();
    bell.ring();
    queue.run_next();  // Ready: the outcome waits for whoever has the handle
    fmt::print("main: finished: {}, guests: {}\n", handle.is_finished(), handle.take_result());
    return 0;
}
