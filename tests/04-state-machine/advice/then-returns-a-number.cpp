// expect: then(first, f): f must return a future; to change a value only, return rt::ready(value)
#include <rt/then.hpp>

auto tea() {
    return rt::then(rt::ready(100), [](int degrees) { return degrees - 20; });
}
