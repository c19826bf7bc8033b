// expect: an Async can't yield a reference. co_return a pointer or a std::reference_wrapper instead.
#include <rt/async.hpp>

int cups = 3;

rt::Async<int&> the_cups() { co_return cups; }
