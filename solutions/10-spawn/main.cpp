/// \file
/// Tasks run though nobody awaits them; a future that nobody polls does nothing. Then a thousand tasks in a JoinSet.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join_set.hpp>
#include <rt/print.hpp>
#include <rt/yield_now.hpp>

#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

rt::Async<int> brew(std::string what, int minutes) {
    for (int minute = 1; minute <= minutes; ++minute) {
        fmt::print("{}: minute {}\n", what, minute);
        co_await rt::yield_now();
    }
    fmt::print("{}: ready\n", what);
    co_return minutes;
}

rt::Async<int> number(int n) {
    co_await rt::yield_now();
    co_return n;
}

rt::Async<> kitchen() {
    rt::Async<int> never = brew("coffee", 1);  // made, and not polled
    rt::spawn(brew("herb tea", 2));            // the handle is dropped: the task is on its own, and runs
    auto mint = rt::spawn(brew, std::string("mint tea"), 3);
    fmt::print("kitchen: all is set up\n");
    int minutes = co_await mint;
    fmt::print("kitchen: the mint tea took {} minutes, and nobody has heard of the coffee\n", minutes);

    rt::JoinSet<int> numbers;
    for (int n = 1; n <= 1000; ++n) {
        numbers.spawn(number(n));
    }
    int sum = 0;
    while (auto n = co_await numbers.join_next()) {
        sum += *n;
    }
    fmt::print("kitchen: a thousand tasks, their sum is {}\n", sum);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    rt::CurrentThread runtime;
    runtime.block_on(kitchen());
    return 0;
}
