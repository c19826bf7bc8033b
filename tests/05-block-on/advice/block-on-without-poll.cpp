// expect: this is no future yet: it has no function `Poll<Output> poll(Context&)`
#include <rt/block_on.hpp>

struct Kettle {
    using Output = int;
};

int main() { rt::block_on(Kettle()); }
