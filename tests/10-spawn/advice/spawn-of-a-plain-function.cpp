// expect: spawn needs a future, or a callable whose result is a future. Pass an Async<T>, for example.
#include <rt/spawn.hpp>

int square(int n) { return n * n; }

int main() { rt::spawn(square, 3); }
