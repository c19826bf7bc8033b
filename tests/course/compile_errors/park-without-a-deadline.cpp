// learner: park without an argument
#include <rt/park.hpp>

void wait(rt::ThreadPark& park) { park.park(); }
