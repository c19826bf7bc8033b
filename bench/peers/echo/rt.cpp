// Echo by the runtime of this course, on --runtime current_thread (the default) or multi_thread:N.
//
// needs: rt
#include "server.hpp"

#include <rt/async.hpp>
#include <rt/runtime.hpp>
#include <rt/tcp.hpp>

#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace {

rt::Async<> echo(rt::TcpStream stream) {
    try {
        stream.set_nodelay(true);
        while (rt::Chunk chunk = co_await stream.read(peer::buffer_size)) {
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
        rt::spawn(echo(std::move(stream)));
    }
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    std::optional<rt::Flavor> flavor = rt::Flavor::parse(options.runtime);
    if (!flavor) {
        peer::refuse("--runtime takes current_thread or multi_thread:N");
    }
    rt::run(*flavor, serve(options));
}
