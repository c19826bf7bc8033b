// learner: a header of that name does not exist
#include <rt/wakers.hpp>

rt::Waker mine();
