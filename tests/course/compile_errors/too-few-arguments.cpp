// learner: a function called with too few arguments
#include <rt/poll.hpp>

rt::Poll<int> boil(int degrees, int cups);

rt::Poll<int> tea() { return boil(100); }
