// expect: timeout(duration, future): the second is no future
#include <rt/timeout.hpp>

#include <chrono>

int main() { rt::timeout(std::chrono::seconds(1), 2); }
