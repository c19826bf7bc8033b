// expect: spawn needs a future, or a callable and arguments that give one: an Async<T>, say
#include <rt/scheduler.hpp>

int main() { rt::spawn(42); }
