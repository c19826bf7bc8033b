// learner: a closing brace forgotten
#include <rt/poll.hpp>

rt::Poll<int> boil(int degrees) {
    if (degrees < 100) {
        return rt::Pending;
    return rt::Ready(degrees);
}
