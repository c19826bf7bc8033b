// expect: an Async<T> must co_return a T, or what converts to T
#include <rt/async.hpp>

rt::Async<int> count() { co_return "three"; }
