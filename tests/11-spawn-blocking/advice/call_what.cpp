// expect: spawn_blocking needs something to call, and the arguments it takes
#include <rt/spawn_blocking.hpp>

int main() { rt::spawn_blocking(3); }
