// expect: one argument of join is not a future
#include <rt/future.hpp>
#include <rt/join.hpp>

auto kettle_and_number() { return rt::join(rt::ready(3), 4); }
