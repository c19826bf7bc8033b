// expect: This is not a future. Pass an object with `Output` and `Poll<Output> poll(Context&)`.
#include <rt/block_on.hpp>

int main() { rt::block_on(3); }
