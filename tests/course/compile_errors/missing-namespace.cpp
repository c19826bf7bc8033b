// learner: rt:: forgotten
#include <rt/poll.hpp>

Poll<int> boil() { return rt::Ready(100); }
