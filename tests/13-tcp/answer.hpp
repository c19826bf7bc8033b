/// \file
/// A server that takes one client.
#pragma once

#include <rt/async.hpp>
#include <rt/tcp.hpp>

#include <string>

namespace support {

/// What the next client says to its end. It is answered before.
inline rt::Async<std::string> read_and_answer(rt::TcpListener* listener, std::string answer) {
    rt::TcpStream stream = co_await listener->accept();
    co_await stream.write_all(answer);
    co_await stream.shutdown();
    co_return co_await stream.read_to_string();
}

}  // namespace support
