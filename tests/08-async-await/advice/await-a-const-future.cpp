// expect: co_await can't poll a const future, because a poll changes it. Remove the const.
#include <rt/async.hpp>
#include <rt/future.hpp>

rt::Async<> wait_for_a_constant() {
    const rt::Countdown countdown(2);
    co_await countdown;
}
