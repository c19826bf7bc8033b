/// \file
/// A timer thread and a sleeping main. Main waits for an alarm twice. First it polls again and again without a pause. Then
/// it sleeps until the alarm wakes it.
#include "alarm.hpp"

#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/print.hpp>
#include <rt/waker.hpp>

#include <chrono>
#include <ctime>

#include <fmt/format.h>

namespace {

using rt::Context;

/// Polls without a pause. Lesson 05 is about not doing this.
int polls_spinning(Alarm alarm) {
    rt::Waker const waker = rt::Waker::noop();
    Context cx(waker);
    int polls = 1;
    while (alarm.poll(cx).is_pending()) {
        ++polls;
    }
    return polls;
}

/// Polls when the alarm has woken it.
int polls_sleeping(Alarm alarm) {
    int polls = 0;
    rt::block_on(rt::poll_fn([&alarm, &polls](Context& cx) {
        ++polls;
        return alarm.poll(cx);
    }));
    return polls;
}

/// How much CPU time all threads of this program have used so far, in milliseconds.
double cpu_time() { return 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void measure(const char* how, int (*polls_for)(Alarm)) {
    double const before = cpu_time();
    int const polls = polls_for(Alarm(std::chrono::milliseconds(30)));
    fmt::print("{}: {} polls for one alarm, {:.1f} ms of CPU time\n", how, polls, cpu_time() - before);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    measure("spinning", polls_spinning);
    measure("sleeping", polls_sleeping);
}
