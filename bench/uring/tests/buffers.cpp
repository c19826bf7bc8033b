// The ring of buffers: exhausted, recovered, and not given away to whoever does not read.
//
// needs: rt liburing
#include "checks.hpp"

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/yield_now.hpp>
#include <uring_buffers.hpp>
#include <uring_tcp.hpp>

#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if URING_POISON
#include <sanitizer/asan_interface.h>
#endif

namespace {

using rt::uring::BufferLimits;
using rt::uring::Chunk;
using rt::uring::TcpStream;

rt::Async<std::vector<Chunk>> hold(TcpStream* stream, std::size_t bytes) {
    std::vector<Chunk> held;
    while (bytes != 0) {
        Chunk chunk = co_await stream->read(4096);
        bytes -= chunk.size();
        held.push_back(std::move(chunk));
    }
    co_return held;
}

rt::Async<std::string> gather(TcpStream* stream, std::size_t bytes, std::size_t max) {
    std::string all;
    while (all.size() < bytes) {
        Chunk chunk = co_await stream->read(max);
        check(chunk.size() <= max, "a chunk is not longer than it was asked to be");
        all += chunk.view();
    }
    co_return all;
}

/// Four buffers, all held; then twenty streams want some.
rt::Async<> twenty_of_four(TcpStream* holder, std::vector<TcpStream>* streams, rt::uring::Engine* engine) {
    std::vector<Chunk> held = co_await hold(holder, 256);
    check(held.size() == 4 && engine->buffers().available() == 0, "four chunks are all the buffers there are");
    std::vector<rt::JoinHandle<std::string>> tasks;
    for (TcpStream& stream : *streams) {
        tasks.push_back(rt::spawn(gather(&stream, 1000, 4096)));
    }
    for (int i = 0; i < 500; ++i) {
        co_await rt::yield_now();
    }
    for (auto& task : tasks) {
        check(!task.is_finished(), "without buffers nobody receives");
    }
    held.clear();
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        std::string got = co_await tasks[i];
        check(got == pattern(1000, static_cast<unsigned>(i)), "what waited for buffers comes whole and in order");
    }
}

/// Of 64 bytes each.
BufferLimits small_ones(unsigned first, unsigned most) {
    BufferLimits limits;
    limits.size = 64;
    limits.first = first;
    limits.most = most;
    return limits;
}

/// `count` connections; at the client's end of each lie `bytes` to be read, those of its number.
struct Many {
    Many(UringRuntime& runtime, unsigned count, std::size_t bytes) {
        for (unsigned i = 0; i < count; ++i) {
            Ends ends = connected();
            if (bytes != 0) {
                put(ends.here, pattern(bytes, i));
            }
            clients.push_back(std::move(ends.here));
            streams.emplace_back(runtime.engine(), std::move(ends.there));
        }
    }

    std::vector<rt::sys::Fd> clients;
    std::vector<TcpStream> streams;
};

void exhausted_and_recovered() {
    UringRuntime runtime(small_ones(2, 4));
    Ends first = connected();
    put(first.here, pattern(256, 99));
    TcpStream holder(runtime.engine(), std::move(first.there));
    Many many(runtime, 20, 1000);
    runtime.block_on(twenty_of_four(&holder, &many.streams, &runtime.engine()));
    check(runtime.engine().buffers().available() == 4, "all buffers are back");
}

rt::Async<> gather_all(std::vector<TcpStream>* streams, std::size_t bytes) {
    std::vector<rt::JoinHandle<std::string>> tasks;
    for (TcpStream& stream : *streams) {
        tasks.push_back(rt::spawn(gather(&stream, bytes, 4096)));
    }
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        std::string got = co_await tasks[i];
        check(got == pattern(bytes, static_cast<unsigned>(i)),
              "of many streams and few buffers, each gets its own bytes");
    }
}

/// Each of the 200 has 1000 bytes, and a buffer holds 64: some 3,200 of them are filled, four at a time.
void two_hundred_of_four() {
    UringRuntime runtime(small_ones(4, 4));
    Many many(runtime, 200, 1000);
    runtime.block_on(gather_all(&many.streams, 1000));
    check(runtime.engine().found_none() < 10'000,
          "those who wait for a buffer are not all called for each that comes back");
}

rt::Async<> last_of_many(TcpStream* holder, std::vector<TcpStream>* streams) {
    std::vector<Chunk> held = co_await hold(holder, 64);
    std::vector<rt::JoinHandle<std::string>> tasks;
    for (TcpStream& stream : *streams) {
        tasks.push_back(rt::spawn(gather(&stream, 10, 4096)));
    }
    for (int i = 0; i < 500; ++i) {
        co_await rt::yield_now();
    }
    held.clear();
    std::string got = co_await tasks.back();
    check(got == pattern(10, 3), "a buffer that others were called for, and do not need, goes to who does");
    for (auto& task : tasks) {
        task.abort();
    }
}

/// One buffer, ten streams that nothing comes from, and one behind them that has some bytes.
void those_called_need_none() {
    UringRuntime runtime(small_ones(1, 1));
    Many many(runtime, 12, 0);
    TcpStream holder = std::move(many.streams.front());
    many.streams.erase(many.streams.begin());
    put(many.clients.front(), pattern(64, 2));
    put(many.clients.back(), pattern(10, 3));
    runtime.block_on(last_of_many(&holder, &many.streams));
}

void small_reads_of_large_buffers() {
    UringRuntime runtime;
    Ends ends = connected();
    std::string text = pattern(10'000, 5);
    put(ends.here, text);
    TcpStream stream(runtime.engine(), std::move(ends.there));
    check(runtime.block_on(gather(&stream, text.size(), 7)) == text, "a buffer that is read piece by piece");
    check(runtime.engine().buffers().available() == runtime.engine().buffers().made(), "all buffers are back");
}

rt::Async<std::string> read_late(TcpStream* stream, std::size_t bytes, rt::uring::Engine* engine) {
    Chunk first = co_await stream->read(1);
    for (int i = 0; i < 5000; ++i) {
        co_await rt::yield_now();
    }
    check(engine->buffers().made() <= 256, "a stream that is not read takes few buffers");
    std::string rest = co_await gather(stream, bytes - 1, 4096);
    co_return std::string(first.view()) + rest;
}

void a_sender_that_nobody_reads() {
    UringRuntime runtime;
    Ends ends = connected();
    std::string text = pattern(8 << 20, 6);
    TcpStream stream(runtime.engine(), std::move(ends.there));
    std::thread sender([&] { put(ends.here, text); });
    std::string got = runtime.block_on(read_late(&stream, text.size(), &runtime.engine()));
    sender.join();
    check(got == text, "eight megabytes that were read late, whole and in order");
}

void what_is_dropped_is_poisoned() {
#if URING_POISON
    UringRuntime runtime;
    Ends ends = connected();
    put(ends.here, "hello");
    TcpStream stream(runtime.engine(), std::move(ends.there));
    const char* data = nullptr;
    {
        std::vector<Chunk> held = runtime.block_on(hold(&stream, 5));
        data = held[0].data();
        check(__asan_address_is_poisoned(data) == 0, "a chunk may be looked into");
    }
    check(__asan_address_is_poisoned(data) != 0, "a chunk that is gone may not");
#endif
}

}  // namespace

void buffers() {
    exhausted_and_recovered();
    two_hundred_of_four();
    those_called_need_none();
    small_reads_of_large_buffers();
    a_sender_that_nobody_reads();
    what_is_dropped_is_poisoned();
    std::printf("the ring of buffers: good\n");
}
