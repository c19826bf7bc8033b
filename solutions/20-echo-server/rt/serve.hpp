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
#include <rt/violation.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

/// What all connections of a server together may take.
class ServeLimits {
  public:
    ServeLimits() = default;
    ServeLimits(std::size_t most, std::chrono::milliseconds drain_for) : connections(most), drain(drain_for) {}

    std::size_t connections = 1'000'000;     ///< open at a time; at least 1
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

/// One client, from its first byte to its last. A future by hand, since there are so many of it: it lies in its task, where a
/// coroutine would have a frame beside that. Throws nothing: what goes wrong here is its own affair. It hears `stop` from birth,
/// though it may not have been polled when that comes; and it shares `stopping` with the server: if that is dropped, its clients
/// are aborted, and go a little later than its frame.
template <class Handler>
class Attend {
  public:
    using Output = void;

    Attend(TcpStream stream, Handler handler, std::shared_ptr<Notify> stopping)
        : stopping_(std::move(stopping)),
          stop_(stopping_->notified()),
          stream_(std::move(stream)),
          handler_(std::move(handler)) {}
    /// Moves before the first poll only: nothing is being handled then. (The compiler's own would move `handled_` too, which
    /// g++ 12 takes for uninitialised.)
    Attend(Attend&& other) noexcept
        : contract_(std::move(other.contract_)),
          stopping_(std::move(other.stopping_)),
          stop_(std::move(other.stop_)),
          stream_(std::move(other.stream_)),
          handler_(std::move(other.handler_)) {}

    Poll<void> poll(Context& cx) {
        contract_.begin("attend");
        try {
            if (!is_stopping_ && stop_.poll(cx).is_ready()) {
                is_stopping_ = true;
                stream_.shutdown_read();
            }
            if (!handled_) {
                handled_.emplace(handler_(&stream_));
            }
            if (handled_->poll(cx).is_pending()) {
                return contract_.pending();
            }
        } catch (...) {}
        return Ready();
    }

  private:
    // Each may point to those above it, and goes before them.
    [[no_unique_address]] Contract contract_;
    std::shared_ptr<Notify> stopping_;
    Notified stop_;
    bool is_stopping_ = false;
    TcpStream stream_;
    [[no_unique_address]] Handler handler_;
    std::optional<std::invoke_result_t<Handler&, TcpStream*>> handled_;
};

}  // namespace detail

/// Accepts clients until `stop` is done, and runs `handler(TcpStream*)`, a callable that returns a future, for each, in a
/// task of its own; the stream lives as long as that. Returns how many clients there were, after the last has gone. Throws
/// what `accept` throws, but for a lack of room.
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
        clients.spawn(detail::Attend<Handler>(std::get<0>(std::move(next)), handler, stopping));
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
