// expect: poll_fn(f): f is called as f(cx), so it takes a Context&
#include <rt/future.hpp>

auto kettle() {
    return rt::poll_fn([]() -> rt::Poll<int> { return rt::Ready(100); });
}
