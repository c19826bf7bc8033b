// expect: poll_fn(f) can't call f(cx). Let f take a Context&.
#include <rt/future.hpp>

auto kettle() {
    return rt::poll_fn([]() -> rt::Poll<int> { return rt::Ready(100); });
}
