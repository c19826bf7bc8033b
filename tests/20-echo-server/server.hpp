/// \file
/// For tests of servers: a port, a handler, and questions of a client.
#pragma once

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/tcp.hpp>
#include <rt/timeout.hpp>
#include <support/watchdog.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace support {

inline rt::Async<> echo_back(rt::TcpStream* stream) {
    while (rt::Chunk chunk = co_await stream->read(4096)) {
        co_await stream->write_all(chunk.view());
    }
}

inline rt::TcpListener listen() { return rt::TcpListener::listen(*rt::SocketAddr::from_ip("127.0.0.1", 0)); }

/// Sends and hears `text` again.
inline rt::Async<bool> is_answered(rt::TcpStream* stream, std::string text) {
    co_await stream->write_all(text);
    std::string answer(text.size(), ' ');
    std::size_t heard = 0;
    while (heard < answer.size()) {
        std::size_t count = co_await stream->read(std::span(answer).subspan(heard));
        if (count == 0) {
            co_return false;
        }
        heard += count;
    }
    co_return answer == text;
}

/// Half of what the watchdog allows: for what ends at once, unless the code is wrong.
inline std::chrono::milliseconds patience() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(patience_in_seconds() / 2));
}

/// The same as `is_answered`, but false if the answer doesn't come.
inline rt::Async<bool> is_answered_soon(rt::TcpStream* stream, std::string text) {
    try {
        bool answered = co_await rt::timeout(patience(), is_answered(stream, std::move(text)));
        co_return answered;
    } catch (const rt::Elapsed&) {
        co_return false;
    }
}

inline void run(rt::Async<> story) {
    rt::CurrentThread runtime;
    runtime.block_on(std::move(story));
}

}  // namespace support
