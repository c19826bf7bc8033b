// learner: compare_exchange with a value for what is expected
#include <rt/sync.hpp>

enum State : int { empty, parked };

bool sleep(rt::Atomic<int>& state) { return state.compare_exchange_strong(empty, parked); }
