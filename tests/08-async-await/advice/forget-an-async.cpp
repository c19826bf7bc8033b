// expect: an Async does nothing until it is polled. Await it, spawn it, or pass it to block_on.
#pragma GCC diagnostic error "-Wunused-result"
#include <rt/async.hpp>

rt::Async<> boil() { co_return; }

rt::Async<> wait_for_nothing() {
    boil();
    co_return;
}
