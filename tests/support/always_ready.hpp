/// \file
/// More sources and combinators for `expect_fair` (fairness.hpp): those of lessons 10 to 15.
#pragma once

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/select.hpp>
#include <rt/sleep.hpp>
#include <rt/sys.hpp>
#include <rt/tcp_stream.hpp>
#include <rt/timeout.hpp>
#include <support/ends.hpp>
#include <support/fairness.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

namespace support {

/// A sleep that needs the timers waits until the runtime looks at them.
inline AlwaysReady sleeps() {
    return {"a sleep that is over", []() -> rt::Async<> { co_await rt::sleep(std::chrono::seconds(0)); },
            rt::CurrentThread::look_interval + 2};
}

namespace detail {

struct Connection {
    rt::TcpStream here;
    rt::sys::Fd there;
};

inline std::shared_ptr<Connection> connection() {
    Ends ends = make_socket_pair();
    return std::make_shared<Connection>(Connection{rt::TcpStream(std::move(ends.here)), std::move(ends.there)});
}

inline rt::Async<> read_one(std::shared_ptr<Connection> connection) {
    rt::sys::write(connection->there.get(), std::string_view("x"));
    rt::Chunk chunk = co_await connection->here.read(1);
    if (!chunk) {
        FAIL("the connection has ended");
    }
}

inline rt::Async<> write_one(std::shared_ptr<Connection> connection) {
    co_await connection->here.write_all("x");
    fetch(connection->there, 1);
}

}  // namespace detail

inline AlwaysReady socket_reads() {
    return {"a byte to read", [connection = detail::connection()] { return detail::read_one(connection); }};
}

inline AlwaysReady socket_writes() {
    return {"room for a byte", [connection = detail::connection()] { return detail::write_one(connection); }};
}

inline Combinator in_select() {
    return {"select", [](rt::Async<> first, rt::Async<> second) -> rt::Async<> {
                co_await rt::select(std::move(first), std::move(second));
            }};
}

inline Combinator in_biased_select() {
    return {"select(biased)", [](rt::Async<> first, rt::Async<> second) -> rt::Async<> {
                co_await rt::select(rt::biased, std::move(first), std::move(second));
            }};
}

inline Combinator in_timeout() {
    return {"timeout around join", [](rt::Async<> first, rt::Async<> second) -> rt::Async<> {
                co_await rt::timeout(std::chrono::hours(1), rt::join(std::move(first), std::move(second)));
            }};
}

}  // namespace support
