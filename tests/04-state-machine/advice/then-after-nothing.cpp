// expect: then(first, f) can't call f. Let f take nothing, because first yields nothing.
#include <rt/then.hpp>

auto tea() {
    return rt::then(rt::Countdown(2), [](int degrees) { return rt::ready(degrees); });
}
