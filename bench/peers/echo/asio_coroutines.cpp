// Echo by standalone Asio's coroutines, tuned: no locks in the io_context, which one thread runs; the executor's real type instead
// of any_io_executor; errors as values instead of exceptions.
//
// needs: asio
#include "server.hpp"

// Asio 1.22 looks for a macro that clang no longer sets.
#define ASIO_HAS_CO_AWAIT 1
#define ASIO_HAS_STD_COROUTINE 1

#include <memory>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

namespace {

using asio::ip::tcp;

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
constexpr asio::experimental::as_tuple_t<asio::use_awaitable_t<Executor>> as_values{};

asio::awaitable<void, Executor> echo(Socket socket) {
    auto data = std::make_unique_for_overwrite<char[]>(peer::buffer_size);
    for (;;) {
        auto [read_error, got] =
            co_await socket.async_read_some(asio::buffer(data.get(), peer::buffer_size), as_values);
        if (read_error) {
            co_return;
        }
        auto [write_error, sent] = co_await asio::async_write(socket, asio::buffer(data.get(), got), as_values);
        if (write_error) {
            co_return;
        }
    }
}

asio::awaitable<void, Executor> serve(Acceptor acceptor) {
    for (;;) {
        auto [error, accepted] = co_await acceptor.async_accept(as_values);
        if (!error) {
            Socket socket(std::move(accepted));
            socket.set_option(tcp::no_delay(true), error);
            asio::co_spawn(acceptor.get_executor(), echo(std::move(socket)), asio::detached);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    peer::Options options = peer::start(argc, argv);
    asio::io_context io(ASIO_CONCURRENCY_HINT_UNSAFE);
    Acceptor acceptor(io, tcp::v4());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind({asio::ip::address_v4::loopback(), options.port});
    acceptor.listen(peer::backlog);
    peer::announce(acceptor.local_endpoint().port());
    asio::co_spawn(io, serve(std::move(acceptor)), asio::detached);
    io.run();
}
