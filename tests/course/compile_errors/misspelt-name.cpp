// learner: a name misspelt
#include <rt/poll.hpp>

rt::Poll<int> boil(int degrees) {
    if (degrees < 100) {
        return rt::Pendign;
    }
    return rt::Ready(degrees);
}
