// expect: A future has one owner. Move it with std::move, or lend it with rt::by_ref.
#include <rt/block_on.hpp>

int main() {
    rt::Countdown countdown(2);
    rt::block_on(countdown);
}
