// expect: spawn_blocking can't call f with these arguments. Pass a callable that takes exactly them.
#include <rt/spawn_blocking.hpp>

int main() { rt::spawn_blocking(3); }
