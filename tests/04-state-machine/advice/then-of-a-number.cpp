// expect: This is not a future. Pass an object with `Output` and `Poll<Output> poll(Context&)`.
#include <rt/then.hpp>

void tea() {
    rt::then(100, [](int degrees) { return rt::ready(degrees); });
}
