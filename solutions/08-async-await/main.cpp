/// \file
/// Coroutines: the loopers once more, each written as a plain loop. A coroutine that awaits a coroutine. An async
/// block, and what happens if it outlives its captures (`dangle`).
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/trace.hpp>
#include <rt/yield_now.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace {

rt::Async<int> looper(std::string name) {
    rt::trace::name(name.c_str());  // for ./learn trace
    constexpr int rounds = 3;
    for (int round = 1; round <= rounds; ++round) {
        fmt::print("{} {}\n", name, round);
        co_await rt::yield_now();
    }
    co_return rounds;
}

rt::Async<> loopers() {
    auto all = rt::join(looper("red"), looper("green"), looper("blue"));
    fmt::print("three loopers were called\n");
    auto [red, green, blue] = co_await all;
    fmt::print("{} rounds\n", red + green + blue);
}

rt::Async<std::string> boil(std::string what) {
    co_await rt::yield_now();
    if (what != "water") {
        throw std::runtime_error("nobody boils " + what);
    }
    co_return "hot " + what;
}

rt::Async<std::string> make_tea(std::string leaves, std::string liquid) {
    std::string hot = co_await boil(std::move(liquid));
    co_return leaves + " in " + hot;
}

rt::Async<> nested() {
    std::string tea = co_await make_tea("mint", "water");
    fmt::print("{}\n", tea);
    try {
        tea = co_await make_tea("mint", "sand");
        fmt::print("{}\n", tea);
    } catch (const std::runtime_error& error) {
        fmt::print("no tea: {}\n", error.what());
    }
}

/// An async block. Rust writes `async { … }`, and C++ a lambda that is a coroutine. Its frame doesn't hold the captures. It
/// holds only the address of the closure that has them, so the closure must outlive the frame.
rt::Async<> block() {
    int cups = 2;
    std::string guest = "a guest with quite a long name";
    auto pour = [&cups, guest]() -> rt::Async<int> {  // house-rule: allow the closure outlives its frame here
        co_await rt::yield_now();
        fmt::print("{} cups for {}\n", cups, guest);
        co_return cups - 1;
    };
    cups = co_await pour();
    fmt::print("{} cup left\n", cups);
}

/// The same block, but it is awaited after its closure was destroyed.
rt::Async<> dangle() {
    std::optional<rt::Async<>> late;
    {
        std::string guest = "a guest with quite a long name";
        auto pour = [guest]() -> rt::Async<> {  // house-rule: allow this shows the mistake
            co_await rt::yield_now();
            fmt::print("a cup for {}\n", guest.c_str());
        };
        late.emplace(pour());
    }
    // The cure is a parameter instead of the capture: pour(std::string guest), called as pour(guest).
    co_await *late;
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view part = argc == 2 ? argv[1] : argc < 2 ? "all" : "";
    if (part == "dangle") {
        rt::block_on(dangle());
    } else if (part == "all") {
        rt::block_on(loopers());
        rt::block_on(nested());
        rt::block_on(block());
    } else {
        rt::eprintln(
            "this program doesn't know the argument '{}'. Run it without arguments, or with 'dangle' to see an async block "
            "that outlives its captures.",
            argv[argc - 1]);
        return 2;
    }
    return 0;
}
