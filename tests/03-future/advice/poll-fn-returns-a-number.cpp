// expect: poll_fn(f): f must return a Poll
#include <rt/future.hpp>

auto kettle() {
    return rt::poll_fn([](rt::Context&) { return 100; });
}
