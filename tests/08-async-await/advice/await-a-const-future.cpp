// expect: co_await of a const future: polling changes a future, so it must not be const
#include <rt/async.hpp>
#include <rt/future.hpp>

rt::Async<> wait_for_a_constant() {
    const rt::Countdown countdown(2);
    co_await countdown;
}
