// expect: spawn needs a future, or a callable and arguments that give one: an Async<T>, say
#include <rt/spawn.hpp>

int main() { rt::spawn(42); }
