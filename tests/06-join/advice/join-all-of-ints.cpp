// expect: join_all takes a vector of futures, and these are none
#include <rt/join.hpp>

#include <vector>

auto numbers() { return rt::join_all(std::vector<int>{1, 2, 3}); }
