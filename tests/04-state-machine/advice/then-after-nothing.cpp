// expect: then(first, f): first yields nothing, so f must take nothing
#include <rt/then.hpp>

auto tea() {
    return rt::then(rt::Countdown(2), [](int degrees) { return rt::ready(degrees); });
}
