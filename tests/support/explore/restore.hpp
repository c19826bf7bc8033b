/// \file
/// Ends what `explore/replace.hpp` begins.
#undef Atomic
#undef Mutex
#undef Lock
#undef Condvar
#undef Thread
#undef yield_thread
