// expect: the vector given to join_all has no futures in it
#include <rt/join.hpp>

#include <vector>

auto numbers() { return rt::join_all(std::vector<int>{1, 2, 3}); }
