// expect: sleep takes a duration with a unit: sleep(std::chrono::seconds(1)), or sleep(1s)
#include <rt/time.hpp>

int main() { rt::sleep(1); }
