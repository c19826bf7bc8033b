// learner: a waker in an optional, woken without ->
#include <rt/waker.hpp>

#include <optional>

void ring(std::optional<rt::Waker>& waker) { waker.wake_by_ref(); }
