// learner: the waker that a context lends, woken by value
#include <rt/waker.hpp>

#include <utility>

void ring(rt::Context& cx) {
    std::move(cx.waker()).wake();
}
