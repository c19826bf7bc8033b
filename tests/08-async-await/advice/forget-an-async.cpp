// expect: an Async does nothing until it is awaited, spawned or passed to block_on
#pragma GCC diagnostic error "-Wunused-result"
#include <rt/async.hpp>

rt::Async<> boil() { co_return; }

rt::Async<> wait_for_nothing() {
    boil();
    co_return;
}
