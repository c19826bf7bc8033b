// learner: co_await in a function that returns no Async
#include <rt/async.hpp>
#include <rt/future.hpp>

int wait_for_tea() {
    return co_await rt::ready(3);
}
