// learner: an answer made of nothing
#include <rt/poll.hpp>

rt::Poll<void> boil() {
    return {};
}
