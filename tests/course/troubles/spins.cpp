// A task that yields until a flag is set, and nobody sets it.
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/spawn.hpp>
#include <rt/trace.hpp>
#include <rt/yield_now.hpp>

#include <cstdio>

#include <fmt/format.h>

rt::Async<> guest(const bool* open) {
    rt::trace::name("guest");
    fmt::print("the guest waits\n");
    std::fflush(stdout);
    while (!*open) {
        co_await rt::yield_now();
    }
}

rt::Async<> house(const bool* open) { co_await rt::spawn(guest(open)); }

int main() {
    bool open = false;
    rt::CurrentThread runtime;
    runtime.block_on(house(&open));
}
