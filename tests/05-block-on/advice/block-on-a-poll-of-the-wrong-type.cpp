// expect: This is not a future yet. Let its `poll` return exactly `Poll<Output>`.
#include <rt/block_on.hpp>

struct Kettle {
    using Output = int;
    rt::Poll<long> poll(rt::Context&) { return rt::Ready(100L); }
};

int main() { rt::block_on(Kettle()); }
