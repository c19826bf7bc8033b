/// \file
/// An accept loop in a test: a task that accepts clients at a free port, without the end of a server around it.
#pragma once

#include "server.hpp"

#include <rt/serve.hpp>
#include <rt/spawn.hpp>
#include <rt/tcp.hpp>

#include <cstddef>
#include <utility>

namespace support {

/// Accepts until it is destroyed.
class Accepting {
  public:
    template <class Handler>
    Accepting(std::size_t most, Handler handler) : Accepting(most, std::move(handler), listen()) {}
    Accepting(const Accepting&) = delete;
    ~Accepting() { loop.abort(); }

    rt::detail::Clients clients;
    rt::SocketAddr address;
    int port;  // the listener's descriptor
    rt::JoinHandle<> loop;

  private:
    template <class Handler>
    Accepting(std::size_t most, Handler handler, rt::TcpListener listener)
        : address(listener.local_addr()),
          port(listener.fd()),
          loop(rt::spawn(rt::detail::accept_loop(std::move(listener), most, &clients, std::move(handler)))) {}
};

}  // namespace support
