// learner: a pointer asked with a dot
#include <rt/waker.hpp>

void ring(const rt::Waker* waker) { waker.wake_by_ref(); }
