// expect: sleep was called with a number that has no unit. Write sleep(1s) or sleep(std::chrono::seconds(1)).
#include <rt/time.hpp>

int main() { rt::sleep(1); }
