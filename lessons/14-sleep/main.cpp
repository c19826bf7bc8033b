/// \file
/// Three sleeps of one second, side by side: one second. One after the other, they would take three.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/join.hpp>
#include <rt/print.hpp>
#include <rt/time.hpp>

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace {

using namespace std::chrono_literals;

rt::Async<> sleeper(std::string name) {
    fmt::print("{} falls asleep\n", name);
    co_await rt::sleep(1s);
    fmt::print("{} wakes up\n", name);
}

rt::Async<> night() {
    rt::Instant start = rt::time::now();
    co_await rt::join(sleeper("red"), sleeper("green"), sleeper("blue"));
    std::chrono::duration<double> slept = rt::time::now() - start;
    fmt::print("three sleeps took {:.0f} s\n", slept.count());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        rt::eprintln("this program takes no arguments, but it got '{}'. Run it without arguments.", argv[1]);
        return 2;
    }
    rt::CurrentThread runtime;
    runtime.block_on(night());
    return 0;
}
