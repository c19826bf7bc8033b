// expect: this is no future yet: its `poll` must return `Poll<Output>`, that very type
#include <rt/block_on.hpp>

struct Kettle {
    using Output = int;
    rt::Poll<long> poll(rt::Context&) { return rt::Ready(100L); }
};

int main() { rt::block_on(Kettle()); }
