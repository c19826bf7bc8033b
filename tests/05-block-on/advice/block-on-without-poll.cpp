// expect: This is not a future yet. Give it a function `Poll<Output> poll(Context&)`.
#include <rt/block_on.hpp>

struct Kettle {
    using Output = int;
};

int main() { rt::block_on(Kettle()); }
