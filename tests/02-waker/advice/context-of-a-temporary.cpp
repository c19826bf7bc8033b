// expect: a context only borrows: name the waker first
#include <rt/waker.hpp>

void poll_by_hand() {
    rt::Context cx(rt::Waker::noop());
    cx.waker().wake_by_ref();
}
