// learner: a future handed over without std::move
#include <rt/block_on.hpp>
#include <rt/future.hpp>

int main() {
    rt::Countdown countdown(2);
    rt::block_on(countdown);
}
