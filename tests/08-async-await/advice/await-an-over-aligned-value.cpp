// expect: the future or its result needs more than 16-byte alignment
#include <rt/async.hpp>
#include <rt/future.hpp>

struct alignas(64) Vector {
    float numbers[16];
};

rt::Async<> wait_for_a_vector() {
    Vector vector{};
    co_await rt::ready(vector);
}
