/// \file
/// The exercise of lesson 13, solved: `connect_any(addresses)` connects to the address that answers first.
#pragma once

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/tcp.hpp>

#include <exception>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace exercise {

/// Connects to all `addresses` at once, and yields the first connection. Throws the last error if no address answers.
inline rt::Async<rt::TcpStream> connect_any(std::vector<rt::SocketAddr> addresses) {
    if (addresses.empty()) {
        throw std::invalid_argument("connect_any needs an address");
    }
    rt::JoinSet<rt::TcpStream> attempts;  // its destructor aborts the attempts that are left
    for (const rt::SocketAddr& address : addresses) {
        attempts.spawn(rt::TcpStream::connect(address));
    }
    std::exception_ptr last;
    while (!attempts.is_empty()) {
        try {
            auto stream = co_await attempts.join_next();
            co_return std::move(*stream);
        } catch (const std::system_error&) {
            last = std::current_exception();
        }
    }
    std::rethrow_exception(last);
}

}  // namespace exercise
