// What is dropped while the kernel is at work on it.
//
// needs: rt liburing
#include "checks.hpp"

#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/socket_addr.hpp>
#include <rt/sys_socket.hpp>
#include <rt/yield_now.hpp>
#include <uring_park.hpp>
#include <uring_tcp.hpp>

#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using rt::uring::Chunk;
using rt::uring::TcpListener;
using rt::uring::TcpStream;

/// Lets what was begun reach the kernel.
rt::Async<> some_turns(int count) {
    for (int i = 0; i < count; ++i) {
        co_await rt::yield_now();
    }
}

rt::Async<> read_once(TcpStream stream) { Chunk chunk = co_await stream.read(4096); }
rt::Async<> write_once(TcpStream stream, std::string text) { co_await stream.write_all(std::move(text)); }

/// A task that is aborted in the middle of `work`.
template <class Work>
rt::Async<> aborted(Work work) {
    auto task = rt::spawn(std::move(work));
    co_await some_turns(200);
    task.abort();
    co_await some_turns(200);
}

void a_receive() {
    int before = open_descriptors();
    {
        UringRuntime runtime;
        Ends ends = connected();
        TcpStream stream(runtime.engine(), std::move(ends.there));
        runtime.block_on(aborted(read_once(std::move(stream))));
        runtime.settle();
        check(fetch(ends.here, 1).empty(), "a stream that was dropped while it read is closed");
    }
    check(open_descriptors() == before, "no descriptor is left");
}

void a_send() {
    UringRuntime runtime;
    Ends ends = connected();
    make_narrow(ends.here);
    make_narrow(ends.there);
    std::string text = pattern(1 << 20, 1);
    TcpStream stream(runtime.engine(), std::move(ends.there));
    runtime.block_on(aborted(write_once(std::move(stream), text)));
    runtime.settle();
    std::string got = fetch(ends.here, text.size());
    check(got.size() < text.size(), "a send that was dropped has been cancelled");
    check(std::string_view(text).starts_with(got), "what had been sent until then was not freed memory");
}

rt::Async<> write_after_abandoned(TcpStream* stream, std::string text) {
    {
        auto first =
            rt::poll_fn([write = stream->write_all(std::move(text))](rt::Context& cx) mutable -> rt::Poll<bool> {
                return rt::Ready(write.poll(cx).is_pending());
            });
        bool was_pending = co_await first;
        check(was_pending, "a megabyte does not go out at once");
    }
    co_await stream->write_all(std::string("next"));
}

void a_send_with_another_behind_it() {
    UringRuntime runtime;
    Ends ends = connected();
    std::string text = pattern(1 << 16, 2);
    TcpStream stream(runtime.engine(), std::move(ends.there));
    runtime.block_on(write_after_abandoned(&stream, text));
    stream = TcpStream();
    runtime.settle();
    std::string got = fetch(ends.here, text.size() + 4);
    check(got.ends_with("next"), "a write waits for the one that was abandoned before it");
    got.resize(got.size() - 4);
    check(std::string_view(text).starts_with(got), "and what that one sent is a beginning of its bytes");
}

void the_runtime_with_everything_under_way() {
    int before = open_descriptors();
    {
        Ends reads = connected();
        Ends writes = connected();
        make_narrow(writes.here);
        make_narrow(writes.there);
        {
            UringRuntime runtime;
            TcpStream reader(runtime.engine(), std::move(reads.there));
            TcpStream writer(runtime.engine(), std::move(writes.there));
            auto both = [](TcpStream in, TcpStream out) -> rt::Async<> {
                rt::spawn(read_once(std::move(in)));
                rt::spawn(write_once(std::move(out), pattern(1 << 20, 3)));
                co_await some_turns(200);
            };
            runtime.block_on(both(std::move(reader), std::move(writer)));
            check(runtime.engine().under_way() == 2, "a receive and a send are under way");
        }
        check(fetch(reads.here, 1).empty(), "the runtime's end closes its sockets");
        check(fetch(writes.here, 1 << 20).size() < 1 << 20, "and cancels what was being sent");
    }
    check(open_descriptors() == before, "no descriptor is left");
}

rt::Async<Chunk> take_chunk(TcpStream* stream) { co_return co_await stream->read(4096); }

void the_runtime_before_a_stream_and_a_chunk() {
    Ends ends = connected();
    put(ends.here, "hello");
    std::optional<UringRuntime> runtime(std::in_place);
    TcpStream stream(runtime->engine(), std::move(ends.there));
    Chunk chunk = runtime->block_on(take_chunk(&stream));
    runtime.reset();
    check(chunk.view() == "hello", "a chunk outlives its runtime");
    stream = TcpStream();
    check(fetch(ends.here, 1).empty(), "a stream that outlives its runtime can be closed");
}

rt::sys::Fd client_of(const rt::SocketAddr* where) {
    rt::sys::Fd client(rt::sys::tcp_socket(AF_INET, 0));
    check(rt::sys::connect(client.get(), where->data(), where->size()) == 0, "connect");
    return client;
}

/// Takes one connection of five; a sixth comes when the listener has gone and the kernel has not yet heard of it.
rt::Async<> take_one_of_six(std::vector<rt::sys::Fd>* clients) {
    rt::SocketAddr where = *rt::SocketAddr::from_ip("127.0.0.1", 0);
    {
        TcpListener listener = TcpListener::listen(where, 16);
        where = listener.local_addr();
        for (int i = 0; i < 5; ++i) {
            clients->push_back(client_of(&where));
        }
        TcpStream stream = co_await listener.accept();
        co_await some_turns(200);
    }
    clients->push_back(client_of(&where));
}

void a_listener_with_connections_that_nobody_takes() {
    int before = open_descriptors();
    {
        UringRuntime runtime;
        std::vector<rt::sys::Fd> clients;
        runtime.block_on(take_one_of_six(&clients));
        runtime.settle();
        for (const rt::sys::Fd& client : clients) {
            check(fetch(client, 1).empty(), "connections that were accepted for nobody are closed");
        }
    }
    check(open_descriptors() == before, "no descriptor is left");
}

}  // namespace

void drops() {
    a_receive();
    a_send();
    a_send_with_another_behind_it();
    the_runtime_with_everything_under_way();
    the_runtime_before_a_stream_and_a_chunk();
    a_listener_with_connections_that_nobody_takes();
    std::printf("what is dropped while the kernel is at work: good\n");
}
