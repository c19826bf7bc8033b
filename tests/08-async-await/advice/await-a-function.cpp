// expect: co_await needs a future
#include <rt/async.hpp>

rt::Async<int> boil() { co_return 3; }

rt::Async<int> forgot_to_call() { co_return co_await boil; }
