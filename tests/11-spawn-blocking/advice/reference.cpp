// expect: spawn_blocking: return a value or a pointer, not a reference
#include <rt/spawn_blocking.hpp>

namespace {
int cup = 3;
int& find_cup() { return cup; }
}  // namespace

int main() { rt::spawn_blocking(find_cup); }
