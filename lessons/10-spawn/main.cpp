/// \file
/// A task runs although nobody awaits it. A future that nobody polls does nothing. At the end, a `JoinSet` says which of
/// several tasks has ended.
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

/// Brews without a word.
rt::Async<std::string> steep(std::string what, int minutes) {
    for (int minute = 0; minute < minutes; ++minute) {
        co_await rt::yield_now();
    }
    co_return what;
}

rt::Async<> kitchen() {
    rt::Async<int> never = brew("coffee", 1);  // made, and not polled
    rt::spawn(brew("herb tea", 2));            // the handle is dropped, so the task is on its own
    auto mint = rt::spawn(brew, std::string("mint tea"), 3);
    fmt::print("kitchen: everything is set up\n");
    int minutes = co_await mint;
    fmt::print("kitchen: the mint tea took {} minutes, and nobody has heard of the coffee\n", minutes);

    rt::JoinSet<std::string> pots;
    pots.spawn(steep("black tea", 3));
    pots.spawn(steep("green tea", 1));
    pots.spawn(steep("white tea", 2));
    while (auto tea = co_await pots.join_next()) {
        fmt::print("kitchen: {} is done, {} to come\n", *tea, pots.size());
    }
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
