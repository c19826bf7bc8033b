// expect: co_return a std::unique_ptr<T> instead
#include <rt/async.hpp>

struct alignas(64) Vector {
    float numbers[16];
};

rt::Async<Vector> zeros() { co_return Vector{}; }
