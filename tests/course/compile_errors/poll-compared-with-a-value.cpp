// learner: a Poll compared with what is in it
#include <rt/poll.hpp>

bool boils(rt::Poll<int> answer) {
    return answer == 100;
}
