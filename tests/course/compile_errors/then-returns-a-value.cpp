// learner: then's function returns a value
#include <rt/then.hpp>

auto tea() {
    return rt::then(rt::ready(100), [](int degrees) { return degrees - 20; });
}
