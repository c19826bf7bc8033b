// expect: The awaitables of other libraries don't work here
#include <rt/async.hpp>

#include <coroutine>

rt::Async<> wait_for_nobody() { co_await std::suspend_always(); }
