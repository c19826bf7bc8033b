/// \file
/// `FailingListen`: while it exists, `listen` answers that the port is in use. It replaces the function of the C library, so include
/// it in at most one file of a test executable.
#pragma once

#include <cerrno>

#include <dlfcn.h>
#include <sys/socket.h>

namespace support {

class FailingListen {
  public:
    FailingListen() { exists = true; }
    FailingListen(const FailingListen&) = delete;
    FailingListen& operator=(const FailingListen&) = delete;
    ~FailingListen() { exists = false; }

    static inline bool exists = false;
};

}  // namespace support

extern "C" int listen(int fd, int backlog) noexcept {
    if (support::FailingListen::exists) {
        errno = EADDRINUSE;
        return -1;
    }
    static auto* const real = reinterpret_cast<decltype(&::listen)>(::dlsym(RTLD_NEXT, "listen"));
    return real(fd, backlog);
}
