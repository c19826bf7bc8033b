// learner: a waker copied as in Rust
#include <rt/waker.hpp>

rt::Waker keep(rt::Context& cx) {
    return cx.waker().clone();
}
