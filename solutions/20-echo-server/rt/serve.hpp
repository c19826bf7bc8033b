/// \file
/// `serve(listener, limits, stop, handler)`: the loop around every server. It accepts clients, gives each one a task, limits
/// how many there are, and shuts down gracefully.
///
/// What can go wrong in an accept loop, and what happens here:
///  - Too many clients: while `limits.connections` are open, none is accepted. The next one waits in the kernel's queue.
///  - No descriptor is left: accept fails, and would fail again at once. The loop waits a moment. Clients stay in the queue.
///  - A client resets, stalls, or sends nonsense: its handler throws or waits, in a task of its own. No other client
///    notices.
///  - The server stops: once `stop` is Ready, the port is closed and each connection is shut down for reading. A handler
///    gets the bytes that have come and then the end of the stream, and may still answer. After `limits.drain` the handlers
///    that are left are dropped.
///
/// Source: `axum::serve(…).with_graceful_shutdown(…)`, and the accept loop of mini-redis.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/notify.hpp>
#include <rt/select.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/violation.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>

namespace rt {

/// The limits of a server.
class ServeLimits {
  public:
    ServeLimits() = default;
    ServeLimits(std::size_t most, std::chrono::milliseconds drain_for) : connections(most), drain(drain_for) {}

    std::size_t connections = 1'000'000;     ///< open at a time, at least 1
    std::chrono::milliseconds drain{5'000};  ///< how long a server that stops waits for the last answers
};

namespace detail {

// Given: the errors of `accept` that pass when another client goes.
inline bool is_out_of_room(const std::error_code& error) noexcept {
    return error.category() == std::system_category() &&
           (error.value() == EMFILE || error.value() == ENFILE || error.value() == ENOBUFS || error.value() == ENOMEM);
}

/// The next client, as soon as there is room for it.
inline Async<TcpStream> next_client(TcpListener* listener, JoinSet<>* clients, std::size_t most) {
    while (clients->size() >= most) {
        co_await clients->join_next();
    }
    for (;;) {
        try {
            co_return co_await listener->accept();
        } catch (const std::system_error& error) {
            if (!is_out_of_room(error.code())) {
                throw;
            }
        }
        co_await sleep(std::chrono::milliseconds(50));  // some client may have gone by then
    }
}

/// Tells one client that the server stops. It is made before the client's task is polled, so that a client that was accepted
/// at the last moment is told, too. It is one object, because compilers do not agree in which order a coroutine's parameters
/// are destroyed.
class Stopping {
  public:
    explicit Stopping(std::shared_ptr<Notify> notify) : keeps(std::move(notify)), stop(keeps->notified()) {}

    std::shared_ptr<Notify> keeps;  // a client may outlive the server
    Notified stop;
};

/// One client. A handler that throws harms no other client.
template <class Handler>
Async<> attend(TcpStream stream, Stopping stopping, Handler handler) {
    try {
        auto handled = handler(&stream);
        auto first = co_await select(by_ref(handled), by_ref(stopping.stop));
        if (first.index() == 1) {
            stream.shutdown_read();
            co_await handled;
        }
    } catch (...) {}
}

}  // namespace detail

/// Accepts clients until `stop` is Ready, and runs `handler(TcpStream*)`, which returns a future, for each one in a task of
/// its own. The stream outlives that future. Yields how many clients there were, after the last one has gone. Throws what
/// `accept` throws, except for a lack of room.
template <Future Stop, class Handler>
Async<std::size_t> serve(TcpListener listener, ServeLimits limits, Stop stop, Handler handler) {
    if (limits.connections == 0) {
        violation("rt::serve may keep no connection open: limits.connections must be 1 at least");
    }
    auto stopping = std::make_shared<Notify>();
    JoinSet<> clients;
    std::size_t count = 0;
    for (;; ++count) {
        auto next = co_await select(detail::next_client(&listener, &clients, limits.connections), by_ref(stop));
        if (next.index() == 1) {
            break;
        }
        clients.spawn(detail::attend(std::get<0>(std::move(next)), detail::Stopping(stopping), handler));
        while (clients.try_join_next()) {}
    }
    { TcpListener closed = std::move(listener); }
    stopping->notify_waiters();
    auto deadline = sleep(limits.drain);
    while (!clients.is_empty()) {
        auto next = co_await select(clients.join_next(), by_ref(deadline));
        if (next.index() == 1) {
            break;
        }
    }
    co_return count;
}

}  // namespace rt
