/// \file
/// Names with several addresses: `two.addresses.test` is 127.0.0.2, and then 127.0.0.1. `three.addresses.test` begins with
/// 127.0.0.3, and then has the same two. `unreachable.first.test` begins with an address to which the kernel makes no connection,
/// and then has 127.0.0.1. They replace the C library's resolver, so include this in at most one
/// file of a test executable. Other names go to the C library.
#pragma once

#include <rt/sync.hpp>

#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace support {

inline constexpr const char* two_addresses = "two.addresses.test";
inline constexpr const char* three_addresses = "three.addresses.test";
inline constexpr const char* unreachable_first = "unreachable.first.test";

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

inline FakeAddress earliest_address("127.0.0.3");
inline FakeAddress first_address("127.0.0.2");
inline FakeAddress second_address("127.0.0.1");
inline FakeAddress unreachable_address("255.255.255.255");  // TCP knows no broadcast

/// True if the last question for one of our names was about stream sockets only.
inline rt::Atomic<bool> asked_for_streams{false};

/// The first address of `host`, or null if it is no name of ours.
inline FakeAddress* first_of(const char* host) noexcept {
    if (std::strcmp(host, two_addresses) == 0) {
        return &first_address;
    }
    if (std::strcmp(host, three_addresses) == 0) {
        return &earliest_address;
    }
    return std::strcmp(host, unreachable_first) == 0 ? &unreachable_address : nullptr;
}

}  // namespace detail

}  // namespace support

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    using namespace support::detail;
    if (FakeAddress* first = first_of(host)) {
        asked_for_streams.store(hints != nullptr && hints->ai_socktype == SOCK_STREAM);
        earliest_address.info.ai_next = &first_address.info;
        first_address.info.ai_next = &second_address.info;
        unreachable_address.info.ai_next = &second_address.info;
        for (FakeAddress* each : {first, &first_address, &second_address}) {
            each->address.sin_port = htons(static_cast<in_port_t>(std::atoi(service)));
        }
        *found = &first->info;
        return 0;
    }
    static auto* const real = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(host, service, hints, found);
}

extern "C" void freeaddrinfo(addrinfo* found) noexcept {
    using namespace support::detail;
    if (found != &earliest_address.info && found != &first_address.info && found != &unreachable_address.info) {
        static auto* const real = reinterpret_cast<decltype(&::freeaddrinfo)>(::dlsym(RTLD_NEXT, "freeaddrinfo"));
        real(found);
    }
}
