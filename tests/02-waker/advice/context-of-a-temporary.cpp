// expect: A context only borrows its waker. Give the waker a name first.
#include <rt/waker.hpp>

void poll_by_hand() {
    rt::Context cx(rt::Waker::noop());
    cx.waker().wake_by_ref();
}
