// expect: one argument of select is not a future
#include <rt/future.hpp>
#include <rt/select.hpp>

int main() { (void)rt::select(rt::ready(1), 2); }
