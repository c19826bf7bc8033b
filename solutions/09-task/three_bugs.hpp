/// \file
/// Given: three tasks that show the bugs of `Mini`. Read what they print.
#pragma once

#include "mini.hpp"

#include <rt/future.hpp>
#include <rt/sync.hpp>

#include <exception>
#include <stdexcept>

#include <fmt/format.h>

/// Two events come before the task is polled again. One poll would be enough.
inline void woken_twice() {
    fmt::print("1. woken twice\n");
    Mini mini;
    rt::Waker waker;
    mini.spawn(rt::poll_fn([&waker](rt::Context& cx) -> rt::Poll<void> {
        waker = cx.waker();
        fmt::print("  task: I am polled\n");
        return rt::Pending;
    }));
    mini.run_one();
    waker.wake_by_ref();
    waker.wake_by_ref();
    fmt::print("main: the one task is in the queue {} times\n", mini.queued());
    mini.run_one();
    mini.run_one();
}

/// A future that is woken in the middle of its first poll. A second thread runs the woken task at once, as may happen
/// on any machine with two processors.
class WokenWhileItRuns {
  public:
    using Output = void;

    explicit WokenWhileItRuns(Mini* mini) : mini_(mini) {}

    rt::Poll<void> poll(rt::Context& cx) {
        ++threads_inside_;
        fmt::print("  task: a poll begins, threads in this future: {}\n", threads_inside_);
        if (threads_inside_ == 1) {
            cx.waker().wake_by_ref();
            rt::Thread([this] { mini_->run_one(); }).join();
        }
        --threads_inside_;
        return rt::Pending;
    }

  private:
    Mini* mini_;
    int threads_inside_ = 0;
};

inline void woken_while_it_runs() {
    fmt::print("2. woken while it runs\n");
    Mini mini;
    mini.spawn(WokenWhileItRuns(&mini));
    mini.run_one();
}

/// The thread that runs the queue gets what a task throws. The code that spawned the task can't ask for the result.
inline void nobody_can_wait() {
    fmt::print("3. nobody can wait for the result\n");
    Mini mini;
    mini.spawn(rt::poll_fn([](rt::Context&) -> rt::Poll<int> { return rt::Ready(42); }));
    mini.spawn(rt::poll_fn([](rt::Context&) -> rt::Poll<int> { throw std::runtime_error("the kettle leaks"); }));
    mini.run_one();
    fmt::print("main: a task has computed 42, but nobody can ask for it\n");
    try {
        mini.run_one();
    } catch (const std::exception& error) {
        fmt::print("main: I only run the queue, and I get the exception of a task: {}\n", error.what());
    }
}
