// learner: a mutex locked as in Rust, where lock() gives the guard
#include <rt/sync.hpp>

void ring(rt::Mutex& mutex) {
    auto lock = mutex.lock();
    static_cast<void>(lock);
}
