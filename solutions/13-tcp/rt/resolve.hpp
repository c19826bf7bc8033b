/// \file
/// Given: the addresses behind a name. You use `resolve(host, port)` and `resolve_one("host:port")`.
///
/// Only `getaddrinfo` finds the addresses of a name on every Linux. It blocks for seconds if a name server is slow, so
/// it runs on the pool of lesson 11. `resolve` doesn't call it for a numeric address.
#pragma once

#include <rt/async.hpp>
#include <rt/socket_addr.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sys_socket.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace rt {

/// The category of the errors of `getaddrinfo`, such as EAI_NONAME.
class ResolveCategory final : public std::error_category {
    const char* name() const noexcept override { return "resolve"; }
    std::string message(int code) const override { return ::gai_strerror(code); }
};
inline const ResolveCategory resolve_category;

namespace detail {

/// Asks the system, and blocks the thread until it answers.
inline std::vector<SocketAddr> resolve_blocking(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    int result = sys::address_info(host.c_str(), std::to_string(port).c_str(), hints, &found);
    if (result == EAI_SYSTEM) {
        throw std::system_error(errno, std::system_category(), "cannot resolve '" + host + "'");
    }
    if (result != 0) {
        throw std::system_error(result, resolve_category, "cannot resolve '" + host + "'");
    }
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, [](addrinfo* list) { sys::free_address_info(list); });
    std::vector<SocketAddr> addresses;
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        if (each->ai_family == AF_INET || each->ai_family == AF_INET6) {
            addresses.push_back(SocketAddr::from_system(each->ai_addr));
        }
    }
    return addresses;
}

}  // namespace detail

/// The addresses of `host`, at least one, in the order in which the system wants them tried. Throws `std::system_error`:
/// "cannot resolve 'nowhere.invalid': Name or service not known". Throws `std::invalid_argument` if `host` is no name.
inline Async<std::vector<SocketAddr>> resolve(std::string host, std::uint16_t port) {
    if (std::ranges::any_of(host, [](unsigned char c) { return c <= ' ' || c == 127; })) {
        // The system would take the part before such a character for the name.
        throw std::invalid_argument("a host name holds no space and no control character");
    }
    if (auto numeric = SocketAddr::from_ip(host, port)) {
        co_return std::vector{*numeric};
    }
    auto asking = spawn_blocking(detail::resolve_blocking, std::move(host), port);
    co_return co_await asking;
}

/// The first address of "host:port". Throws what `resolve` throws, and `std::invalid_argument` if there is no port.
inline Async<SocketAddr> resolve_one(std::string host_and_port) {
    HostPort parsed = HostPort::parse(host_and_port);
    std::vector<SocketAddr> addresses = co_await resolve(std::move(parsed.host), parsed.port);
    co_return addresses.front();
}

}  // namespace rt
