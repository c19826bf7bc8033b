/// \file
/// A name with two addresses: `two.addresses.test` is 127.0.0.2, and then 127.0.0.1. It replaces the C library's resolver,
/// so include it in at most one file of a test executable. Other names go to the C library.
#pragma once

#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace support {

inline constexpr const char* two_addresses = "two.addresses.test";

namespace detail {

struct FakeAddress {
    explicit FakeAddress(const char* ip) noexcept {
        address.sin_family = AF_INET;
        ::inet_pton(AF_INET, ip, &address.sin_addr);
        info.ai_family = AF_INET;
        info.ai_socktype = SOCK_STREAM;
        info.ai_addr = reinterpret_cast<sockaddr*>(&address);
        info.ai_addrlen = sizeof address;
    }

    sockaddr_in address{};
    addrinfo info{};
};

inline FakeAddress first_address("127.0.0.2");
inline FakeAddress second_address("127.0.0.1");

}  // namespace detail

}  // namespace support

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    using namespace support::detail;
    if (std::strcmp(host, support::two_addresses) == 0) {
        first_address.info.ai_next = &second_address.info;
        first_address.address.sin_port = htons(static_cast<in_port_t>(std::atoi(service)));
        second_address.address.sin_port = first_address.address.sin_port;
        *found = &first_address.info;
        return 0;
    }
    static auto* const real = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, found);
}

extern "C" void freeaddrinfo(addrinfo* found) noexcept {
    if (found != &support::detail::first_address.info) {
        static auto* const real = reinterpret_cast<decltype(&::freeaddrinfo)>(::dlsym(RTLD_NEXT, "freeaddrinfo"));
        real(found);
    }
}
