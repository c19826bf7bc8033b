// learner: return instead of co_return
#include <rt/async.hpp>
#include <rt/future.hpp>

rt::Async<int> tea() {
    int degrees = co_await rt::ready(100);
    return degrees - 20;
}
