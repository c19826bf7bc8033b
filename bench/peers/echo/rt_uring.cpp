// Echo by the runtime of this course over io_uring: the experiment of bench/uring.
//
// needs: rt liburing
#include "server.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/socket_addr.hpp>
#include <uring_park.hpp>
#include <uring_tcp.hpp>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

namespace {

rt::Async<> echo(rt::uring::TcpStream stream, std::size_t buffer) {
    try {
        stream.set_nodelay(true);
        while (rt::uring::Chunk chunk = co_await stream.read(buffer)) {
            co_await stream.write_all(std::move(chunk));
        }
    } catch (const std::system_error&) {
        // the client has gone in the middle of something
    }
}

rt::Async<> serve(peer::Options options) {
    auto listener = rt::uring::TcpListener::listen(*rt::SocketAddr::from_ip("127.0.0.1", options.port), peer::backlog);
    peer::announce(listener.local_addr().port());
    for (;;) {
        rt::uring::TcpStream stream = co_await listener.accept();
        rt::spawn(echo(std::move(stream), options.buffer));
    }
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    try {
        rt::uring::BufferLimits limits;
        limits.size = options.buffer;
        rt::uring::UringPark park(limits);
        rt::CurrentThread runtime(park);
        runtime.adopt_service(park);
        runtime.block_on(serve(options));
    } catch (const std::system_error& error) {
        std::fprintf(stderr, "this kernel gives no io_uring: %s\n", error.what());
        return 1;
    }
}
