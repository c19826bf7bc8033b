/// \file
/// The two ends of an mpsc channel as mock tasks, polled by hand.
#pragma once

#include <rt/mpsc.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>

#include <utility>

#include <fmt/format.h>

namespace support {

namespace mpsc = rt::mpsc;

template <class T>
auto mock_recv(mpsc::Receiver<T>& receiver) {
    return spawn_mock("recv", receiver.recv());
}

template <class T>
auto mock_send(const mpsc::Sender<T>& sender, T value) {
    return spawn_mock(fmt::format("send {}", show(value)), sender.send(std::move(value)));
}

}  // namespace support
