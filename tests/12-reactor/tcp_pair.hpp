/// \file
/// Two ends of a TCP connection, for tests of urgent data, which pipes don't have.
#pragma once

#include <doctest/doctest.h>
#include <rt/sys.hpp>
#include <rt/sys_socket.hpp>
#include <support/ends.hpp>

#include <utility>

/// Both ends are non-blocking.
inline support::Ends make_tcp_pair() {
    rt::sys::Fd listener(rt::sys::tcp_socket(AF_INET, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(rt::sys::bind(listener.get(), where, size) == 0);
    REQUIRE(rt::sys::listen(listener.get(), 1) == 0);
    REQUIRE(rt::sys::local_address(listener.get(), where, &size) == 0);
    rt::sys::Fd there(rt::sys::tcp_socket(AF_INET, 0));
    REQUIRE(rt::sys::connect(there.get(), where, size) == 0);
    return support::Ends{rt::sys::Fd(rt::sys::accept(listener.get())), std::move(there)};
}
