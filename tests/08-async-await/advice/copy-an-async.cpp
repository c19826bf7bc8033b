// expect: A future has one owner. Move it with std::move, or lend it with rt::by_ref.
#include <rt/async.hpp>
#include <rt/join.hpp>

rt::Async<> boil() { co_return; }

rt::Async<> boil_twice() {
    rt::Async<> kettle = boil();
    co_await rt::join(kettle);
}
