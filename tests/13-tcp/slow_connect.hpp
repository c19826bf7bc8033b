/// \file
/// `SlowConnect`: while it exists, each `connect` but the first one answers that the connect is still in progress. Also counts
/// the connects that have ended. This file replaces the function of the C library, so include it in at most one file of a test
/// executable.
#pragma once

#include <rt/sync.hpp>

#include <cerrno>

#include <dlfcn.h>
#include <sys/socket.h>

namespace support {

class SlowConnect {
  public:
    SlowConnect() {
        exists = true;
        calls = 0;
    }
    SlowConnect(const SlowConnect&) = delete;
    SlowConnect& operator=(const SlowConnect&) = delete;
    ~SlowConnect() { exists = false; }

    static inline bool exists = false;
    static inline int calls = 0;
};

/// How many connects of this process have ended, well or not.
inline rt::Atomic<int> ended_connects{0};

}  // namespace support

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
    if (support::SlowConnect::exists && ++support::SlowConnect::calls > 1) {
        errno = EALREADY;
        return -1;
    }
    static auto* const real = reinterpret_cast<decltype(&::connect)>(::dlsym(RTLD_NEXT, "connect"));
    int const result = real(fd, address, size);
    if (result == 0 || (errno != EINPROGRESS && errno != EALREADY)) {
        ++support::ended_connects;
    }
    return result;
}
