// expect: A future has one owner. Move it with std::move, or lend it with rt::by_ref.
#include <rt/future.hpp>

void copy_a_countdown() {
    rt::Countdown countdown(2);
    rt::Countdown copy = countdown;
    (void)copy;
}
