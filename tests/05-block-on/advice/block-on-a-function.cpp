// expect: This is not a future. Pass an object with `Output` and `Poll<Output> poll(Context&)`.
#include <rt/block_on.hpp>

rt::ReadyFuture<int> kettle() { return rt::ready(100); }

int main() { rt::block_on(kettle); }
