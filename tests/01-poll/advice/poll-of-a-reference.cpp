// expect: a Poll can't hold a reference. Return a pointer or a std::reference_wrapper instead.
#include <rt/poll.hpp>

int degrees = 20;

rt::Poll<int&> kettle() { return rt::Ready(degrees); }
