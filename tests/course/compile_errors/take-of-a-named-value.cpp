// learner: a function marked && called on a name
#include <rt/poll.hpp>

int pour(rt::Ready<int> ready) { return ready.take(); }
