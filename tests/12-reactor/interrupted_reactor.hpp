/// \file
/// `InterruptedReactor`: a reactor whose epoll_wait is interrupted by a signal when the test says so. With a real signal, a test
/// would not know whether the thread sleeps already.
#pragma once

#include <rt/io_table.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>

#include <cerrno>
#include <functional>
#include <span>
#include <utility>

namespace rt::interrupted_sys {

using namespace sys;

/// The handler of a signal that comes during the next epoll_wait.
inline std::function<void()> handler;
/// The timeout of the last epoll_wait that was interrupted, in milliseconds.
inline int interrupted_timeout = 0;

inline int epoll_wait(int epoll, std::span<epoll_event> events, int timeout_ms) {
    if (handler) {
        interrupted_timeout = timeout_ms;
        std::exchange(handler, nullptr)();
        return -EINTR;
    }
    return sys::epoll_wait(epoll, events, timeout_ms);
}

}  // namespace rt::interrupted_sys

#define sys interrupted_sys
#define Reactor InterruptedReactor
#include <rt/reactor.hpp>
#undef sys
#undef Reactor
