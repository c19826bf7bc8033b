// expect: a future has one owner: std::move it, or lend it with rt::by_ref
#include <rt/future.hpp>

void copy_a_countdown() {
    rt::Countdown countdown(2);
    rt::Countdown copy = countdown;
    (void)copy;
}
