/// \file
/// Given: `next_client(&listener)`, an accept for servers that are to go on. You use it in each server from here on.
///
/// Sometimes the next client can't be accepted, although nothing is wrong with the listener. The client has gone meanwhile, or
/// this process has no descriptor or no memory left. Such an error would come again at once. So `next_client` waits a moment,
/// in which another client may go, and tries again. Clients that nobody accepts yet wait in the kernel's queue.
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
