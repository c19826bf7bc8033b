// learner: a lent future polled with a dot, in a template
#include <rt/future.hpp>

template <rt::Future F>
struct Lent {
    rt::Poll<rt::OutputOf<F>> poll(rt::Context& cx) { return future_.poll(cx); }
    F* future_;
};

rt::Poll<void> boil(rt::Context& cx, rt::Countdown& countdown) { return Lent<rt::Countdown>{&countdown}.poll(cx); }
