/// \file
/// Given: the system calls of sockets, and the library call that looks names up. The rules are those of sys.hpp.
#pragma once

#include <rt/sys.hpp>

#include <span>
#include <string_view>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace rt::sys {

/// A stream socket of this family (AF_INET or AF_INET6), closed on exec, and non-blocking unless `flags` is 0.
inline int tcp_socket(int family, int flags = SOCK_NONBLOCK) noexcept {
    return detail::or_errno(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, IPPROTO_TCP));
}
inline int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
    return detail::or_errno(::bind(fd, address, size));
}
inline int listen(int fd, int backlog) noexcept { return detail::or_errno(::listen(fd, backlog)); }
/// The accepted socket is non-blocking and closed on exec.
inline int accept(int fd) noexcept {
    return detail::or_errno(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}
inline int connect(int fd, const sockaddr* address, socklen_t size) noexcept {
    return detail::or_errno(::connect(fd, address, size));
}

inline ssize_t recv(int fd, std::span<char> into) noexcept {
    return detail::or_errno(::recv(fd, into.data(), into.size(), 0));
}
/// Answers -EPIPE if the other side is gone. Never raises SIGPIPE.
inline ssize_t send(int fd, std::string_view from) noexcept {
    return detail::or_errno(::send(fd, from.data(), from.size(), MSG_NOSIGNAL));
}
/// `how` is SHUT_RD, SHUT_WR or SHUT_RDWR.
inline int shutdown(int fd, int how) noexcept { return detail::or_errno(::shutdown(fd, how)); }

inline int set_option(int fd, int level, int name, int value) noexcept {
    return detail::or_errno(::setsockopt(fd, level, name, &value, sizeof value));
}
inline int local_address(int fd, sockaddr* address, socklen_t* size) noexcept {
    return detail::or_errno(::getsockname(fd, address, size));
}
inline int peer_address(int fd, sockaddr* address, socklen_t* size) noexcept {
    return detail::or_errno(::getpeername(fd, address, size));
}

/// Asks for the addresses of `host` and `port`. May block for seconds. Answers like getaddrinfo: 0 or EAI_….
inline int address_info(const char* host, const char* port, const addrinfo& hints, addrinfo** found) noexcept {
    return ::getaddrinfo(host, port, &hints, found);
}
inline void free_address_info(addrinfo* found) noexcept { ::freeaddrinfo(found); }

}  // namespace rt::sys
