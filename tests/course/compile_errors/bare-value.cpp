// learner: a value returned where an answer is asked for
#include <rt/poll.hpp>

rt::Poll<int> boil() {
    return 100;
}
