/// \file
/// Given: `next_client(&listener)`, an accept that only a broken listener ends. You use it in each server from here on.
///
/// The accept of a good listener can fail because the client has gone, or because this process has no descriptor or no memory
/// left. It would fail again at once. So `next_client` waits a moment, in which another client may go. Meanwhile the clients
/// wait in the kernel's queue.
///
/// Source: the accept loop of axum.
#pragma once

#include <rt/async.hpp>
#include <rt/sleep.hpp>
#include <rt/tcp_listener.hpp>
#include <rt/tcp_stream.hpp>

#include <chrono>
#include <system_error>

namespace rt {

/// The next client of `listener`, which must outlive the future. Throws only if the listener itself is broken.
inline Async<TcpStream> next_client(TcpListener* listener) {
    for (;;) {
        try {
            co_return co_await listener->accept();
        } catch (const std::system_error& error) {
            if (TcpListener::is_broken(error.code())) {
                throw;
            }
        }
        co_await sleep(std::chrono::milliseconds(50));
    }
}

}  // namespace rt
