// expect: values and the awaitables of other libraries cannot be awaited
#include <rt/async.hpp>

#include <coroutine>

rt::Async<> wait_for_nobody() { co_await std::suspend_always(); }
