/// \file
/// What the C library knows of this process's threads, and is told. Given, not taught. None of it is a system call.
#pragma once

#include <pthread.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace rt::sys {

/// True if no second thread was ever made. One can only be made by the caller, so it stays true until the caller makes one.
inline bool is_only_thread() noexcept {
#if __has_include(<sys/single_threaded.h>)
    return __libc_single_threaded != 0;
#else
    return false;
#endif
}

/// Tells the C library that nobody will cancel the calling thread (`pthread_cancel`). Else it makes room for that before and
/// after each call that may block, `recv` or `send` say: two locked changes, as soon as there is a second thread. Called by
/// a thread of the runtime's own, at its beginning.
inline void never_cancel_this_thread() noexcept {
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);  // what it would change at each call is so already
}

}  // namespace rt::sys
