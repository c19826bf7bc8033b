/// \file
/// The given parts of lesson 13 that most tests of lesson 13 and later use. See polls.hpp.
#pragma once

#include <rt/async.hpp>
#include <rt/chunk.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/resolve.hpp>
#include <rt/socket_addr.hpp>
#include <support/ends.hpp>
#include <support/precompiled/tasks.hpp>
#include <support/trace_log.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace support::precompiled {

inline rt::Async<bool> use_addresses(std::string host, std::uint16_t port) {
    std::vector<rt::SocketAddr> addresses = co_await rt::resolve(std::move(host), port);
    rt::SocketAddr address = co_await rt::resolve_one(addresses.front().to_string());
    step("{}", std::as_const(address));
    rt::Poll<rt::Chunk> chunk = rt::Ready(rt::Chunk());
    CHECK(std::move(chunk).value().empty());
    co_return address == addresses.back();
}

inline void use_addresses() {
    rt::CurrentThread runtime;
    TraceLog log{TraceLog::Kind::park};
    runtime.block_on(use_addresses("", 0));
}

}  // namespace support::precompiled
