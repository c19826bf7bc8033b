// expect: spawn_blocking calls an ordinary function, but this one returns a future. Use spawn.
#include <rt/async.hpp>
#include <rt/spawn_blocking.hpp>

namespace {
rt::Async<int> three() { co_return 3; }
}  // namespace

int main() { (void)rt::spawn_blocking(three); }
