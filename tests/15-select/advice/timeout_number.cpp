// expect: timeout(duration, future): the second argument is not a future
#include <rt/timeout.hpp>

#include <chrono>

int main() { rt::timeout(std::chrono::seconds(1), 2); }
