// expect: poll_fn(f) needs an f that returns a Poll.
#include <rt/future.hpp>

auto kettle() {
    return rt::poll_fn([](rt::Context&) { return 100; });
}
