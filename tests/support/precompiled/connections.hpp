/// \file
/// The parts of earlier lessons that most tests of lesson 17 and later use. See polls.hpp.
#pragma once

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/tcp.hpp>
#include <support/precompiled/tasks.hpp>

#include <optional>
#include <span>
#include <string>

namespace support::precompiled {

inline rt::Async<std::string> use_connections(std::span<char> place) {
    rt::TcpListener listener = co_await rt::TcpListener::bind("");
    rt::TcpStream stream = co_await rt::TcpStream::connect(listener.local_addr());
    stream = co_await listener.accept();
    rt::Chunk chunk = co_await stream.read(1);
    co_await stream.read(place);
    co_await stream.write_all(chunk.view());
    co_await stream.shutdown();
    rt::JoinSet<bool> set;
    set.spawn(await(Remote<bool>("").future()));
    while (auto next = co_await set.join_next()) {
        CHECK(*next);
    }
    co_return co_await stream.read_to_string();
}

inline void use(rt::Context& cx, std::span<char> place, std::optional<int> number) {
    use_values(number);
    use_variant<void*>(number);
    CHECK(use_connections(place).poll(cx) == rt::Pending);
    step("{}", rt::SocketAddr());
}

}  // namespace support::precompiled
