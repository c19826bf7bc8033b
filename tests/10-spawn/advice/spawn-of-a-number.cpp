// expect: spawn needs a future, or a callable whose result is a future. Pass an Async<T>, for example.
#include <rt/spawn.hpp>

int main() { rt::spawn(42); }
