// learner: co_await of what is no future
#include <rt/async.hpp>

rt::Async<> wait_for_a_number() {
    co_await 3;
}
