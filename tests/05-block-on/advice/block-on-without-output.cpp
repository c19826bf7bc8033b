// expect: This is not a future yet. Name the type that it yields
#include <rt/block_on.hpp>

struct Kettle {
    rt::Poll<int> poll(rt::Context&) { return rt::Ready(100); }
};

int main() { rt::block_on(Kettle()); }
