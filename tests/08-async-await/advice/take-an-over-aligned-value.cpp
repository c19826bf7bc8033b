// expect: Pass a std::unique_ptr to it instead
#include <rt/async.hpp>

struct alignas(64) Vector {
    float numbers[16];
};

rt::Async<float> first(Vector vector) { co_return vector.numbers[0]; }
