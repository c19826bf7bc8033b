// expect: a bare value is no answer: return Ready(value)
#include <rt/poll.hpp>

rt::Poll<int> kettle() { return 100; }
