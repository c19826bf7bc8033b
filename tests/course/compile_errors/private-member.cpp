// learner: a private member touched from outside
#include <rt/poll.hpp>

int look(rt::Poll<int>& answer) { return *answer.value_; }
