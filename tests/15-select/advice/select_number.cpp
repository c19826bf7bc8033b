// expect: select takes futures, and one of these is none
#include <rt/future.hpp>
#include <rt/select.hpp>

int main() { (void)rt::select(rt::ready(1), 2); }
