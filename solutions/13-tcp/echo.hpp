/// \file
/// Given: what echo.cpp and main.cpp share. You use `serve(addr)` and `next_client(&listener)`.
#pragma once

#include <rt/async.hpp>
#include <rt/tcp_listener.hpp>
#include <rt/tcp_stream.hpp>
#include <rt/yield_now.hpp>

#include <string>
#include <system_error>

/// Runs an echo server at `addr` until the process is killed.
rt::Async<> serve(std::string addr);

/// The next client of `listener`. Throws only if the listener itself is broken. While there is no room for a client, it lets the
/// other tasks have their turns, so that one of them may end (lesson 17 sleeps instead).
inline rt::Async<rt::TcpStream> next_client(rt::TcpListener* listener) {
    for (;;) {
        try {
            co_return co_await listener->accept();
        } catch (const std::system_error& error) {
            if (rt::TcpListener::is_broken(error.code())) {
                throw;
            }
        }
        co_await rt::yield_now();
    }
}
