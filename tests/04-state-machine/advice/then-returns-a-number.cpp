// expect: then(first, f) needs an f that returns a future. To return only a value, write rt::ready(value).
#include <rt/then.hpp>

auto tea() {
    return rt::then(rt::ready(100), [](int degrees) { return degrees - 20; });
}
