// learner: an #include forgotten
#include <rt/poll.hpp>

rt::Poll<int> ask(const rt::Waker& waker);
