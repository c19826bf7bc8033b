// learner: one way through the function returns nothing
#include <rt/poll.hpp>

rt::Poll<int> boil(int degrees) {
    if (degrees == 100) {
        return rt::Ready(degrees);
    }
}
