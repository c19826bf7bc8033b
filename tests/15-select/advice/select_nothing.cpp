// expect: select needs at least one future
#include <rt/select.hpp>

int main() { (void)rt::select(); }
