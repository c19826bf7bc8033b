// expect: one argument of join is not a future
#include <rt/future.hpp>
#include <rt/join.hpp>

rt::ReadyFuture<int> kettle() { return rt::ready(3); }

auto not_called() { return rt::join(kettle, kettle()); }
