// expect: spawn_blocking can't return a reference. Return a value or a pointer instead.
#include <rt/spawn_blocking.hpp>

namespace {
int cup = 3;
int& find_cup() { return cup; }
}  // namespace

int main() { rt::spawn_blocking(find_cup); }
