// expect: spawn needs a future, or a callable and arguments that give one: an Async<T>, say
#include <rt/spawn.hpp>

int square(int n) { return n * n; }

int main() { rt::spawn(square, 3); }
