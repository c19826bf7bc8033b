// learner: a context made of a waker that dies at once
#include <rt/waker.hpp>

void poll_by_hand() {
    rt::Context cx(rt::Waker::noop());
    cx.waker().wake_by_ref();
}
