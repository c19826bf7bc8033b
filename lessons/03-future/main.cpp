/// \file
/// Polls three futures by hand, and prints each answer and each wake.
#include <rt/future.hpp>
#include <rt/print.hpp>

#include <utility>

#include <fmt/format.h>

namespace {

using rt::Context;
using rt::Poll;
using rt::Waker;

/// A waker that prints a line when it is woken.
Waker speaking_waker() {
    static constexpr auto nothing = [](void*) noexcept {};
    static constexpr auto speak = [](void*) noexcept { fmt::print("    woken: poll again\n"); };
    static constexpr rt::WakerVTable table{.clone = nothing, .wake = speak, .wake_by_ref = speak, .drop = nothing};
    return Waker(nullptr, &table);
}

template <rt::Future F>
void poll_to_the_end(const char* name, F future) {
    Waker const waker = speaking_waker();
    Context cx(waker);
    for (int polls = 1;; ++polls) {
        fmt::print("{}: poll {}\n", name, polls);
        auto answer = future.poll(cx);
        fmt::print("    {}\n", answer);
        if (answer.is_ready()) {
            return;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    auto knock = [knocks = 0](Context& cx) mutable -> Poll<int> {
        if (++knocks < 3) {
            cx.waker().wake_by_ref();  // Otherwise nobody would poll again.
            return rt::Pending;
        }
        return rt::Ready(knocks);
    };
    fmt::print("Three futures are made, and nothing happens.\n");
    auto tea = rt::ready("tea");
    rt::Countdown countdown(2);
    auto door = rt::poll_fn(knock);

    poll_to_the_end("ready", std::move(tea));
    poll_to_the_end("countdown", std::move(countdown));
    poll_to_the_end("poll_fn", std::move(door));
}
