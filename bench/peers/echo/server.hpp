/// \file
/// What all echo servers of the bench share, so that it cannot differ: their options, the socket they listen on, the line
/// that says where. How a connection is served is each one's own.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace peer {

/// How many connections may wait to be accepted, for every server.
inline constexpr int backlog = 4096;

/// Bytes that one read takes at most, for every server.
inline constexpr std::size_t buffer_size = 16384;

/// What a server is asked for on its command line.
struct Options {
    std::uint16_t port = 0;                       ///< on 127.0.0.1; 0: one that is free
    std::string_view runtime = "current_thread";  ///< for a server that has several
};

/// Ends the program with one sentence and status 2. Called for a command line that cannot be meant.
[[noreturn]] inline void refuse(const char* sentence) {
    std::fprintf(stderr, "%s\n", sentence);
    std::exit(2);
}

namespace detail {

/// Ends the program at a failure that nothing can be done about.
inline void require(bool good, const char* what) {
    if (!good) {
        std::perror(what);
        std::exit(1);
    }
}

}  // namespace detail

/// Reads `--port P` and `--runtime R`. Called first by each server: it also lets the process have as many descriptors as it
/// may, and a write to a connection that was reset an error instead of a signal.
inline Options start(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i += 2) {
        std::string_view option = argv[i];
        std::string_view value = i + 1 < argc ? argv[i + 1] : "";
        bool is_good = option == "--runtime";
        if (is_good) {
            options.runtime = value;
        } else if (option == "--port") {
            is_good = std::from_chars(value.data(), value.data() + value.size(), options.port).ec == std::errc();
        }
        if (!is_good) {
            refuse("usage: --port P [--runtime R]");
        }
    }
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    ::signal(SIGPIPE, SIG_IGN);
    return options;
}

/// Says where the server listens. Called once it does: whoever reads the line may connect.
inline void announce(std::uint16_t port) {
    std::printf("listening on 127.0.0.1:%d\n", port);
    std::fflush(stdout);
}

/// A socket that listens on 127.0.0.1, announced. `flags`: SOCK_NONBLOCK or 0. For servers whose library makes none.
inline int listen_at(std::uint16_t port, int flags) {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    detail::require(fd >= 0, "socket");
    int on = 1;
    detail::require(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "SO_REUSEADDR");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    detail::require(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    detail::require(::listen(fd, backlog) == 0, "listen");
    detail::require(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    announce(ntohs(address.sin_port));
    return fd;
}

/// Lets small messages go at once. Called for each accepted socket, by servers whose library has no name for it.
inline void set_nodelay(int fd) {
    int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace peer
