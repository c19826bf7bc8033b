// learner: a coroutine awaited that was not called
#include <rt/async.hpp>

rt::Async<int> boil() { co_return 3; }

rt::Async<int> forgot_to_call() {
    int degrees = co_await boil;
    co_return degrees;
}
