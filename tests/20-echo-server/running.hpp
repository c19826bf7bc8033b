/// \file
/// A server in a test: it listens at a free port, and runs as a task until the test stops it.
#pragma once

#include "server.hpp"

#include <rt/async.hpp>
#include <rt/oneshot.hpp>
#include <rt/serve.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <utility>

namespace support {

/// Runs until `stop` is sent.
struct Running {
    Running(rt::SocketAddr a, rt::JoinHandle<std::size_t> h, rt::oneshot::Sender<int> s)
        : address(a), handle(std::move(h)), stop(std::move(s)) {}

    rt::SocketAddr address;
    rt::JoinHandle<std::size_t> handle;
    rt::oneshot::Sender<int> stop;
};

template <class Handler>
Running start(rt::ServeLimits limits, Handler handler) {
    rt::TcpListener listener = listen();
    rt::SocketAddr address = listener.local_addr();
    auto [sender, receiver] = rt::oneshot::channel<int>();
    auto handle = rt::spawn(rt::serve(std::move(listener), limits, std::move(receiver), std::move(handler)));
    return Running(address, std::move(handle), std::move(sender));
}

/// Stops it and waits for its end. Yields how many clients it has served.
inline rt::Async<std::size_t> stop(Running* server) {
    step("stop the server");
    std::move(server->stop).send(1);
    co_return co_await server->handle;
}

}  // namespace support
