// expect: then(first, f) can't call f. Let f take exactly what first yields.
#include <rt/then.hpp>

#include <string>

auto tea() {
    return rt::then(rt::ready(100), [](std::string leaves) { return rt::ready(leaves); });
}
