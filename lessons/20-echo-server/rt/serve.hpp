/// \file
/// `serve(listener, limits, stop, handler)`: the loop around every server. It accepts clients, gives each one a task, limits
/// how many there are, and shuts down gracefully.
///
/// What can go wrong, and what happens here:
///  - Too many clients: while `limits.connections` are open, the next one waits in the kernel's queue.
///  - No descriptor or no memory is left: the loop waits a moment. Clients stay in the kernel's queue.
///  - A client resets, stalls, or sends nonsense: its handler throws or waits, in a task of its own.
///  - The listener breaks: the loop ends as if it had been stopped, and throws.
///  - `stop` is Ready: the port is closed, and each connection is shut down for reading. A handler gets the bytes that have
///    come and then the end of the stream, and may still answer. After `limits.drain` the handlers that are left are dropped.
///
/// Source: `axum::serve(…).with_graceful_shutdown(…)`, and the accept loop of mini-redis.
#pragma once

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/next_client.hpp>
#include <rt/notify.hpp>
#include <rt/print.hpp>
#include <rt/select.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <rt/todo.hpp>
#include <rt/violation.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

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

// Given: says what a handler has thrown, as for a detached task. Not if the client may have caused it, by a reset or by being
// too slow. Call it inside of a catch block.
inline void report_handler() noexcept {
    try {
        throw;
    } catch (const Elapsed&) {
    } catch (const std::exception& error) {
        const auto* system_error = dynamic_cast<const std::system_error*>(&error);
        const int number = system_error == nullptr ? 0 : system_error->code().value();
        if (number != ECONNRESET && number != EPIPE && number != ETIMEDOUT) {
            eprintln_once("rt: a handler of rt::serve ended with an exception: {}", error.what());
        }
    } catch (...) {
        eprintln_once("rt: a handler of rt::serve ended with an exception");
    }
}

// Given: `stop` tells one client that the server stops. It is made before the first poll of the client's task, so that the
// client doesn't miss a stop that comes before that poll. Both members are one parameter of `serve_client`, because compilers
// do not agree in which order a coroutine's parameters are destroyed.
class Stopping {
  public:
    explicit Stopping(std::shared_ptr<Notify> notify) : keeps(std::move(notify)), stop(keeps->notified()) {}

    std::shared_ptr<Notify> keeps;  // a client may outlive the server
    Notified stop;
};

/// The clients of a server. `serve` owns them, and its accept loop adds to them.
struct Clients {
    JoinSet<> tasks;                                                // one task for each client
    std::shared_ptr<Notify> stopping = std::make_shared<Notify>();  // tells all clients that the server stops
    std::size_t accepted = 0;                                       // how many there were
};

/// One client: runs `handler` to its end. Throws nothing, because a handler that throws must not harm other clients. If the
/// server stops, the handler reads the end of the stream after the bytes that have come, and may still answer.
template <class Handler>
Async<> serve_client(TcpStream stream, Stopping stopping, Handler handler) {
    // TODO(20.2) Run `handler(&stream)` to its end. If `stopping.stop` is Ready before that, shut the stream down for
    // reading. What the handler throws goes to `report_handler`.
    todo("20.2 serve one client", stream, stopping, handler);
}

/// Gives each client a task, at most `most` at a time. Ends only if the listener is broken, and throws then.
template <class Handler>
Async<> accept_loop(TcpListener listener, std::size_t most, Clients* clients, Handler handler) {
    for (;;) {
        bool has_memory = true;
        try {
            // TODO(20.2) As soon as there is room, take a client from `next_client(&listener)`, and spawn a task that serves
            // it. Count it. Forget the clients that have gone.
            todo("20.2 accept a client", listener, most, clients, handler);
        } catch (const std::bad_alloc&) {
            eprintln_once("rt::serve has no memory for another client");
            has_memory = false;
        }
        if (!has_memory) {
            co_await sleep(std::chrono::milliseconds(50));  // some client may have gone by then
        }
    }
}

}  // namespace detail

/// Accepts clients until `stop` is Ready, and runs `handler(TcpStream*)`, which returns a future, for each one in a task of
/// its own. Yields how many clients there were, after the last one has gone. If the listener breaks, or `stop` throws, the
/// clients are seen to their end all the same. Then that error is thrown.
template <Future Stop, class Handler>
Async<std::size_t> serve(TcpListener listener, ServeLimits limits, Stop stop, Handler handler) {
    if (limits.connections == 0) {
        violation("rt::serve was called with limits.connections = 0. Set it to 1 or more.");
    }
    detail::Clients clients;
    std::exception_ptr error;
    // TODO(20.3) Accept clients until `stop` is Ready. An exception goes to `error`. Then tell all clients to stop, and
    // wait until they have gone, but not longer than `limits.drain`.
    todo("20.3 accept, stop, and wait for the clients", listener, limits, stop, handler, clients, error);
    if (error) {
        std::rethrow_exception(std::move(error));
    }
    co_return clients.accepted;
}

}  // namespace rt
