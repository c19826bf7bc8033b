// expect: a future has one owner: std::move it, or lend it with rt::by_ref
#include <rt/block_on.hpp>

int main() {
    rt::Countdown countdown(2);
    rt::block_on(countdown);
}
