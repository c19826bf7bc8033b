// expect: then(first, f): f must take what first yields, and nothing else
#include <rt/then.hpp>

#include <string>

auto tea() {
    return rt::then(rt::ready(100), [](std::string leaves) { return rt::ready(leaves); });
}
