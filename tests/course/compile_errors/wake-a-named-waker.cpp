// learner: a waker woken by value without std::move
#include <rt/waker.hpp>

void ring(rt::Waker waker) {
    waker.wake();
}
