/// \file
/// Given: the system calls about descriptors. You use `Fd`, and each call under the kernel's own name.
///
/// Only this file and the other sys_….hpp name a system call, so a simulated kernel can stand in for the real one here. Each
/// function is one call and answers like the kernel: a number of 0 or more, or -errno. No function throws or retries.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace rt::sys {

/// The time on the clock that never goes backwards.
inline std::chrono::steady_clock::time_point now() noexcept { return std::chrono::steady_clock::now(); }

namespace detail {
template <class T>
T or_errno(T result) noexcept {
    return result >= 0 ? result : static_cast<T>(-errno);
}
}  // namespace detail

/// The exception for an answer of -errno: `throw sys::error(result, "connect")`.
inline std::system_error error(long negative_errno, const char* what) {
    return std::system_error(static_cast<int>(-negative_errno), std::system_category(), what);
}
/// Returns `answer`, or throws it if it is an error: `sys::check(sys::epoll_create(), "epoll_create")`.
inline int check(int answer, const char* what) {
    if (answer < 0) {
        throw error(answer, what);
    }
    return answer;
}

inline int close(int fd) noexcept { return detail::or_errno(::close(fd)); }

/// Owns an open descriptor, and closes it when it is destroyed.
class Fd {
  public:
    Fd() noexcept = default;
    /// Owns `fd`. Negative means none.
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Fd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Closes the descriptor now.
    void reset() noexcept {
        if (fd_ >= 0) {
            sys::close(std::exchange(fd_, -1));
        }
    }

  private:
    int fd_ = -1;
};

inline ssize_t read(int fd, std::span<char> into) noexcept {
    return detail::or_errno(::read(fd, into.data(), into.size()));
}
inline ssize_t write(int fd, std::span<const char> from) noexcept {
    return detail::or_errno(::write(fd, from.data(), from.size()));
}

inline bool is_terminal(int fd) noexcept { return ::isatty(fd) == 1; }

/// `flags` are those of open(2): O_RDONLY, O_NONBLOCK, O_CLOEXEC. Does not create a file.
inline int open(const char* path, int flags) noexcept { return detail::or_errno(::open(path, flags)); }
/// Opens /dev/null in place of each of the descriptors 0, 1, and 2 that is closed, as Rust does. Otherwise the first socket
/// would become stdout, and `print` would write to a client. Called at the start of every program, before `main`.
inline const bool standard_descriptors_are_open = [] {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) < 0) {
            sys::open("/dev/null", O_RDWR);  // gives the lowest free number, which is `fd`
        }
    }
    return true;
}();

/// True if `fd` is open in blocking mode: a call waits, and does not answer -EAGAIN.
inline bool is_blocking(int fd) noexcept {
    int const flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) == 0;
}
/// Makes a pipe: what is written to `ends[1]` is read from `ends[0]`. Both are closed on exec. `flags`: O_NONBLOCK or 0.
inline int pipe(std::span<int, 2> ends, int flags) noexcept {
    return detail::or_errno(::pipe2(ends.data(), flags | O_CLOEXEC));
}

inline int epoll_create() noexcept { return detail::or_errno(::epoll_create1(EPOLL_CLOEXEC)); }
/// `data` comes back with each event.
inline int epoll_add(int epoll, int fd, std::uint32_t events, void* data) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.ptr = data;
    return detail::or_errno(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}
/// Waits at most `timeout_ms` milliseconds. Negative: without a limit. Zero: not at all.
inline int epoll_wait(int epoll, std::span<epoll_event> events, int timeout_ms) noexcept {
    return detail::or_errno(::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms));
}

inline int event_fd() noexcept { return detail::or_errno(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

}  // namespace rt::sys
