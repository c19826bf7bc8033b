// expect: spawn_blocking calls a plain function: one that gives a future never blocks, so spawn it
#include <rt/async.hpp>
#include <rt/spawn_blocking.hpp>

namespace {
rt::Async<int> three() { co_return 3; }
}  // namespace

int main() { (void)rt::spawn_blocking(three); }
