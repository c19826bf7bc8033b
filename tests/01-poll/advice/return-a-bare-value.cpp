// expect: A bare value is not an answer. Write: return Ready(value);
#include <rt/poll.hpp>

rt::Poll<int> kettle() { return 100; }
