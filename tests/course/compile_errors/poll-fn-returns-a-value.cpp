// learner: poll_fn's function returns a value
#include <rt/future.hpp>

auto kettle() {
    return rt::poll_fn([](rt::Context&) { return 100; });
}
