// expect: what a branch of select yields must be movable without throwing. Yield a std::unique_ptr<T> instead.
#include <rt/future.hpp>
#include <rt/select.hpp>

struct Cup {
    Cup() = default;
    Cup(const Cup&) {}
};

void test() { (void)rt::select(rt::ready(1), rt::ready(Cup())); }
