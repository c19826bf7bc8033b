// expect: co_await needs a future
#include <rt/async.hpp>

rt::Async<> wait_for_a_number() { co_await 3; }
