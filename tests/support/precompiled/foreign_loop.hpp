/// \file
/// The parts of Asio that the tests of lessons 19 and 20 use. See polls.hpp.
#pragma once

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <optional>

namespace support::precompiled {

inline void use(asio::io_context& io, int descriptor) {
    auto work = asio::make_work_guard(io);
    asio::steady_timer timer(io);
    timer.expires_after(std::chrono::milliseconds(1));
    timer = asio::steady_timer(io, std::chrono::milliseconds(1));
    timer.async_wait([](asio::error_code) {});
    std::optional<asio::posix::stream_descriptor> stream;
    stream.emplace(io, descriptor);
    stream->async_wait(asio::posix::stream_descriptor::wait_read, [](asio::error_code) {});
    asio::post(io, [] {});
    io.run_one();
    io.poll();
}

}  // namespace support::precompiled
