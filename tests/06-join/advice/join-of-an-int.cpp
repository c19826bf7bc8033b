// expect: join takes futures, and one of these is none
#include <rt/future.hpp>
#include <rt/join.hpp>

auto kettle_and_number() { return rt::join(rt::ready(3), 4); }
