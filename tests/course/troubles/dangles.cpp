// A coroutine that refers to a variable of its caller, which has returned.
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/yield_now.hpp>

#include <string>

#include <fmt/format.h>

rt::Async<> greet(const std::string& name) {  // house-rule: allow this program shows what dangles
    co_await rt::yield_now();
    fmt::print("good morning, {}\n", name);
}

rt::Async<> greeting() {
    std::string const name = "guest";
    return greet(name);
}

int main() { rt::block_on(greeting()); }
