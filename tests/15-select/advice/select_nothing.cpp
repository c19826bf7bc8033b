// expect: select was called without a future. Pass at least one.
#include <rt/select.hpp>

int main() { (void)rt::select(); }
