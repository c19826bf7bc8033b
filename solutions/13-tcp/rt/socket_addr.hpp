/// \file
/// Given: addresses as the system wants them (`SocketAddr`) and as people type them (`HostPort`). You use
/// `tcp_socket`, and you pass `data()` and `size()` to system calls.
///
/// Source: Rust's `std::net::SocketAddr`.
#pragma once

#include <rt/sys_socket.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

namespace rt {

namespace detail {
/// True if all of `text` is one number, which is then in `number`.
template <class T>
bool read_number(std::string_view text, T& number) noexcept {
    const char* const end = text.data() + text.size();
    return std::from_chars(text.data(), end, number) == std::from_chars_result{end, std::errc()};
}
}  // namespace detail

/// A numeric address of IPv4 or IPv6, and a port.
class SocketAddr {
  public:
    /// 0.0.0.0:0.
    SocketAddr() noexcept : v6_{} { v4_.sin_family = AF_INET; }
    /// The address that the system returned, of family AF_INET or AF_INET6.
    static SocketAddr from_system(const sockaddr* address) noexcept {
        SocketAddr result;
        std::memcpy(&result.v6_, address, address->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
        return result;
    }

    /// The address of `socket` that `ask` (`sys::local_address` or `sys::peer_address`) returns. Throws its error.
    template <class Ask>
    static SocketAddr of_socket(int socket, Ask ask, const char* what) {
        SocketAddr result;
        socklen_t size = sizeof result;
        sys::check(ask(socket, reinterpret_cast<sockaddr*>(&result), &size), what);
        return result;
    }

    /// `ip` is "127.0.0.1", "::1", or with the number of a network interface "fe80::1%2". Nothing if it is not numeric.
    static std::optional<SocketAddr> from_ip(const std::string& ip, std::uint16_t port) {
        SocketAddr address;
        address.v4_.sin_port = htons(port);
        if (ip.find('\0') != ip.npos) {
            return std::nullopt;  // the system would read only what comes before that
        }
        if (::inet_pton(AF_INET, ip.c_str(), &address.v4_.sin_addr) == 1) {
            return address;
        }
        address.v6_.sin6_family = AF_INET6;
        std::size_t const percent = ip.find('%');
        if (percent != ip.npos && !detail::read_number(ip.substr(percent + 1), address.v6_.sin6_scope_id)) {
            return std::nullopt;
        }
        bool const is_v6 = ::inet_pton(AF_INET6, ip.substr(0, percent).c_str(), &address.v6_.sin6_addr) == 1;
        return is_v6 ? std::optional(address) : std::nullopt;
    }

    bool is_v6() const noexcept { return v4_.sin_family == AF_INET6; }
    std::uint16_t port() const noexcept { return ntohs(v4_.sin_port); }

    /// "127.0.0.1", "::1", or "fe80::1%2": such an address means nothing without its interface.
    std::string ip() const {
        const void* ip = is_v6() ? static_cast<const void*>(&v6_.sin6_addr) : &v4_.sin_addr;
        char text[INET6_ADDRSTRLEN] = {};
        ::inet_ntop(v4_.sin_family, ip, text, sizeof text);
        return is_v6() && v6_.sin6_scope_id != 0 ? fmt::format("{}%{}", text, v6_.sin6_scope_id) : text;
    }
    /// "127.0.0.1:80" or "[::1]:80".
    std::string to_string() const {
        return is_v6() ? fmt::format("[{}]:{}", ip(), port()) : fmt::format("{}:{}", ip(), port());
    }

    /// For system calls.
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&v4_); }
    socklen_t size() const noexcept { return is_v6() ? sizeof v6_ : sizeof v4_; }

    friend bool operator==(const SocketAddr& a, const SocketAddr& b) noexcept {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
    }

  private:
    union {
        sockaddr_in v4_;  // family and port are at the same place in both
        sockaddr_in6 v6_;
    };
};

/// A new non-blocking socket, to connect to `address` or to listen there. Throws the system's error with `what`.
inline sys::Fd tcp_socket(const SocketAddr& address, const std::string& what) {
    return sys::Fd(sys::check(sys::tcp_socket(address.is_v6() ? AF_INET6 : AF_INET), what.c_str()));
}

/// A host, by name or number, and a port.
struct HostPort {
    /// Reads "name:80", "127.0.0.1:80", or "[::1]:80". Throws `std::invalid_argument` with a sentence for the user.
    static HostPort parse(std::string_view text) {
        auto error = [text](std::string_view reason) {
            return std::invalid_argument(fmt::format("'{}' is no address: {}", text, reason));
        };
        std::size_t colon = text.rfind(':');
        if (colon == text.npos) {
            throw error("the port is missing, as in localhost:80");
        }
        std::string_view host = text.substr(0, colon);
        if (host.starts_with('[') && host.ends_with(']')) {
            host = host.substr(1, host.size() - 2);
        } else if (host.find_first_of(":[") != host.npos) {
            throw error("write an IPv6 one as [::1]:80");
        }
        if (host.empty()) {
            throw error("the host is missing, as in localhost:80");
        }
        return {std::string(host), parse_port(text.substr(colon + 1))};
    }

    /// Reads "80". Throws `std::invalid_argument` with a sentence for the user.
    static std::uint16_t parse_port(std::string_view text) {
        std::uint16_t port = 0;
        if (!detail::read_number(text, port)) {
            throw std::invalid_argument(fmt::format("'{}' is no port: a port is a number from 0 to 65535", text));
        }
        return port;
    }

    std::string host;
    std::uint16_t port = 0;
};

}  // namespace rt

/// Prints what `to_string` returns.
template <>
struct fmt::formatter<rt::SocketAddr> : fmt::formatter<std::string> {
    auto format(const rt::SocketAddr& address, fmt::format_context& context) const {
        return fmt::formatter<std::string>::format(address.to_string(), context);
    }
};
