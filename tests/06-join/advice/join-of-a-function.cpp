// expect: join takes futures, and one of these is none
#include <rt/future.hpp>
#include <rt/join.hpp>

rt::ReadyFuture<int> kettle() { return rt::ready(3); }

auto not_called() { return rt::join(kettle, kettle()); }
