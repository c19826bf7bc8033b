/// \file
/// `serve(listener, limits, stop, handler)`: the loop around every server. Takes connections, gives each a task, knows when it
/// has enough, and comes to a good end.
///
/// What can go wrong in an accept loop, and what becomes of it here:
///  - Too many clients: while `limits.connections` are open, nobody is accepted; who comes next waits in the kernel's queue.
///  - No descriptors left: accept fails, and would fail again at once. The loop waits a moment; nobody is lost, they queue.
///  - A client that resets, stalls or sends nonsense: its handler throws or waits, in a task of its own. Nobody else notices.
///  - The end: once `stop` is done, the port is closed, and each connection is shut for reading: its handler sees what had
///    come already, and then the end of the stream, and may still answer. Whoever is not done after `limits.drain` is dropped.
///
/// Source of the idea: `axum::serve(…).with_graceful_shutdown(…)`, the accept loop of mini-redis.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/notify.hpp>
#include <rt/select.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <system_error>
#include <utility>
#include <variant>

namespace rt {

/// What all connections of a server together may take.
class ServeLimits {
  public:
    ServeLimits() = default;
    ServeLimits(std::size_t most, std::chrono::milliseconds drain_for) : connections(most), drain(drain_for) {}

    std::size_t connections = 1'000'000;     ///< open at a time
    std::chrono::milliseconds drain{5'000};  ///< for the last answers, once the server is to stop
};

namespace detail {

/// How long to wait when descriptors have run out; some client will have gone by then.
inline constexpr std::chrono::milliseconds out_of_descriptors_pause{50};

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
        co_await sleep(out_of_descriptors_pause);
    }
}

/// One client, from its first byte to its last. Throws nothing: what goes wrong here is its own affair. It hears `stopped` from
/// birth, though it may not have been polled when that comes; and it shares `stopping` with the server: if that is dropped, its
/// clients are aborted, and go a little later than its frame.
template <class Handler>
Async<> attend(TcpStream stream, Handler handler, [[maybe_unused]] std::shared_ptr<Notify> stopping, Notified stopped) {
    try {
        Notified stop = std::move(stopped);  // a local: it goes before what it points to
        auto handled = handler(&stream);
        auto first = co_await select(by_ref(handled), by_ref(stop));
        if (first.index() == 1) {
            stream.shutdown_read();
            co_await handled;
        }
    } catch (const std::exception&) {}
}

}  // namespace detail

/// Accepts clients until `stop` is done, and runs `handler(TcpStream*)`, a callable that returns a future, for each, in a
/// task of its own; the stream lives as long as that. Returns how many clients there were, after the last has gone. Throws
/// what `accept` throws, but for a lack of room.
template <Future Stop, class Handler>
Async<std::size_t> serve(TcpListener listener, ServeLimits limits, Stop stop, Handler handler) {
    auto stopping = std::make_shared<Notify>();
    JoinSet<> clients;
    std::size_t count = 0;
    for (;; ++count) {
        auto next = co_await select(detail::next_client(&listener, &clients, limits.connections), by_ref(stop));
        if (next.index() == 1) {
            break;
        }
        clients.spawn(detail::attend(std::get<0>(std::move(next)), handler, stopping, stopping->notified()));
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
