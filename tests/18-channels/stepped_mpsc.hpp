/// \file
/// `support::mpsc`: mpsc channels whose lock the tests can see through. `mock_send` and `mock_recv`: their futures as mock
/// tasks, polled by hand.
#pragma once

#include "stepped_wait_list.hpp"

#include <doctest/doctest.h>
#include <support/mock_task.hpp>
#include <support/show.hpp>

#include <utility>

#include <fmt/format.h>

#define RecvFuture SteppedRecvFuture
#define RecvWait SteppedRecvWait
#define mpsc stepped_mpsc
#include <rt/mpsc.hpp>
#undef Lock
#undef Mutex
#undef RecvFuture
#undef RecvWait
#undef WaitFuture
#undef WaitList
#undef Waiter
#undef mpsc

namespace rt::stepped_mpsc {

/// What doctest prints.
inline doctest::String toString(TrySend result) {
    return result == TrySend::sent ? "sent" : result == TrySend::full ? "full" : "closed";
}

}  // namespace rt::stepped_mpsc

namespace support {

namespace mpsc = rt::stepped_mpsc;

template <class T>
auto mock_recv(mpsc::Receiver<T>& receiver) {
    return spawn_mock("recv", receiver.recv());
}

template <class T>
auto mock_send(const mpsc::Sender<T>& sender, T value) {
    return spawn_mock(fmt::format("send {}", show(value)), sender.send(std::move(value)));
}

}  // namespace support
