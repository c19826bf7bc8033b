// expect: this is no future: a future is an object with `Output` and `Poll<Output> poll(Context&)`
#include <rt/block_on.hpp>

int main() { rt::block_on(3); }
