/// \file
/// What the C library knows of this process's threads. Given, not taught. No system call: a variable.
#pragma once

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

}  // namespace rt::sys
