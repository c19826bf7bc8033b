// Echo by the runtime of this course, on --runtime current_thread (the default), multi_thread, or multi_thread:N.
//
// needs: rt
#include "server.hpp"

#include <rt/async.hpp>
#include <rt/flavor.hpp>
#include <rt/runtime.hpp>
#include <rt/tcp.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace {

rt::Async<> echo(rt::TcpStream stream, std::size_t buffer) {
    try {
        stream.set_nodelay(true);
        while (rt::Chunk chunk = co_await stream.read(buffer)) {
            co_await stream.write_all(chunk.view());
        }
    } catch (const std::system_error&) {
        // the client has gone in the middle of something
    }
}

rt::Async<> serve(peer::Options options) {
    std::string where = "127.0.0.1:" + std::to_string(options.port);
    rt::TcpListener listener = co_await rt::TcpListener::bind(where);
    peer::announce(listener.local_addr().port());
    for (;;) {
        rt::TcpStream stream = co_await listener.accept();
        rt::spawn(echo(std::move(stream), options.buffer));
    }
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv, {"current_thread", "multi_thread", "multi_thread:"});
    std::optional<rt::Flavor> flavor = rt::Flavor::parse(options.runtime.empty() ? "current_thread" : options.runtime);
    if (!flavor) {
        peer::refuse("multi_thread:N takes a number of threads from 1 to 1024");
    }
    rt::run(*flavor, serve(options));
}
