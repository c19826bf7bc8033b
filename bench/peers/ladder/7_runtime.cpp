// Rung 7: the runtime of this course. What the rungs before wrote by hand is in its headers.
//
// needs: rt
#include "../echo/server.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/tcp.hpp>

#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

namespace {

rt::Async<> echo(rt::TcpStream stream, std::size_t size) {
    try {
        stream.set_nodelay(true);
        while (rt::Chunk chunk = co_await stream.read(size)) {
            co_await stream.write_all(chunk.view());
        }
    } catch (const std::system_error&) {
        // the client has gone in the middle of something
    }
}

rt::Async<> serve(peer::Options options) {
    std::string where = "127.0.0.1:" + std::to_string(options.port);
    rt::TcpListener listener = co_await rt::TcpListener::bind(where, peer::backlog);
    peer::announce(listener.local_addr().port());
    for (;;) {
        rt::TcpStream stream = co_await listener.accept();
        rt::spawn(echo(std::move(stream), options.buffer));
    }
}

}  // namespace

int main(int argc, char** argv) {
    rt::CurrentThread runtime;
    runtime.block_on(serve(peer::start(argc, argv)));
}
