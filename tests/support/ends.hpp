/// \file
/// Pairs of descriptors: one end reads what the other end writes. For tests of code that waits for descriptors.
#pragma once

#include <rt/sys.hpp>
#include <support/story.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>

namespace support {

/// The two ends of a pipe or of a pair of sockets. Both are non-blocking.
struct Ends {
    rt::sys::Fd here;   ///< the reading end of a pipe
    rt::sys::Fd there;  ///< the writing end of a pipe
};

inline Ends make_pipe() {
    std::array<int, 2> ends{};
    REQUIRE(rt::sys::pipe(ends, O_NONBLOCK) == 0);
    return Ends{rt::sys::Fd(ends[0]), rt::sys::Fd(ends[1])};
}

/// Two stream sockets, connected to each other.
inline Ends make_socket_pair() {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    return Ends{rt::sys::Fd(ends[0]), rt::sys::Fd(ends[1])};
}

/// Writes `text`, which must fit into the kernel's buffer. Any thread may call it.
inline void put(const rt::sys::Fd& end, std::string_view text) {
    step("the other side writes '{}'", text);
    CHECK(rt::sys::write(end.get(), text) == static_cast<ssize_t>(text.size()));
}

/// Reads the bytes that are there, at most `max` of them.
inline std::string fetch(const rt::sys::Fd& end, std::size_t max = 4096) {
    std::string text(max, '\0');
    ssize_t size = rt::sys::read(end.get(), text);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

/// Fills the kernel's buffer of `end`, and returns how many bytes that took.
inline std::size_t fill(const rt::sys::Fd& end) {
    std::string const block(64 * 1024, 'x');
    std::size_t total = 0;
    for (ssize_t size = 0; (size = rt::sys::write(end.get(), block)) > 0;) {
        total += static_cast<std::size_t>(size);
    }
    for (ssize_t size = 0; (size = rt::sys::write(end.get(), std::string_view("x"))) > 0;) {
        total += static_cast<std::size_t>(size);
    }
    return total;
}

/// How many descriptors this process has open.
inline int open_descriptors() {
    int count = 0;
    DIR* folder = ::opendir("/proc/self/fd");
    REQUIRE(folder != nullptr);
    while (const dirent* entry = ::readdir(folder)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    ::closedir(folder);
    return count - 1;  // without the descriptor of the directory
}

}  // namespace support
