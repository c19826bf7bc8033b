// Streams, many at once, and the rest of the runtime beside them: timers, other threads, wakes in the middle of a sleep.
//
// needs: rt liburing
#include "checks.hpp"

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <uring_tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rt::uring::Chunk;
using rt::uring::TcpStream;

rt::Async<> echo(TcpStream stream) {
    while (Chunk chunk = co_await stream.read(4096)) {
        co_await stream.write_all(std::move(chunk));
    }
}

/// Says `text` in pieces of a size of its own; hears it all back.
rt::Async<> talk(TcpStream stream, std::string text, std::size_t piece) {
    for (std::size_t begin = 0; begin < text.size(); begin += piece) {
        std::string part = text.substr(begin, piece);
        co_await stream.write_all(part);
        std::string answer;
        while (answer.size() < part.size()) {
            Chunk chunk = co_await stream.read(4096);
            check(!chunk.empty(), "an echo ends before its time");
            answer += chunk.view();
        }
        check(answer == part, "an echo is what was said");
    }
    co_await stream.shutdown();
    Chunk end = co_await stream.read(4096);
    check(end.empty(), "after shutdown the echo ends");
}

rt::Async<> many(std::vector<Ends> pairs, rt::uring::Engine* engine) {
    rt::JoinSet<> all;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        TcpStream here(*engine, std::move(pairs[i].here));
        TcpStream there(*engine, std::move(pairs[i].there));
        all.spawn(echo(std::move(there)));
        all.spawn(talk(std::move(here), pattern(2000 + 40 * i, static_cast<unsigned>(i)), 100 + i));
    }
    while (auto done = co_await all.join_next()) {
        check(done.has_value(), "each comes to its end");
    }
}

void three_hundred_conversations() {
    int before = open_descriptors();
    {
        UringRuntime runtime;
        std::vector<Ends> pairs;
        for (int i = 0; i < 300; ++i) {
            pairs.push_back(connected());
        }
        runtime.block_on(many(std::move(pairs), &runtime.engine()));
        runtime.settle();
        check(runtime.engine().buffers().available() == runtime.engine().buffers().made(), "all buffers are back");
    }
    check(open_descriptors() == before, "no descriptor is left");
}

rt::Async<> nothing_comes(TcpStream* stream) {
    bool was_late = false;
    try {
        Chunk chunk = co_await rt::timeout(5ms, stream->read(100));
    } catch (const rt::Elapsed&) {
        was_late = true;
    }
    check(was_late, "a read that is dropped by its deadline");
}

rt::Async<std::string> next(TcpStream* stream) {
    Chunk chunk = co_await stream->read(100);
    co_return std::string(chunk.view());
}

void a_deadline_before_the_bytes() {
    UringRuntime runtime;
    Ends ends = connected();
    TcpStream stream(runtime.engine(), std::move(ends.there));
    runtime.block_on(nothing_comes(&stream));
    put(ends.here, "late");
    check(runtime.block_on(next(&stream)) == "late", "what came after a dropped read is there for the next");
}

void a_wake_from_another_thread() {
    UringRuntime runtime;
    auto ask = []() -> rt::Async<int> { co_return co_await rt::spawn_blocking([] { return 42; }); };
    for (int i = 0; i < 200; ++i) {
        check(runtime.block_on(ask()) == 42, "a thread of the pool wakes a runtime that sleeps in io_uring");
    }
}

rt::Async<int> error_of(TcpStream* stream) {
    int error = 0;
    try {
        for (;;) {
            co_await stream->write_all(pattern(100'000, 1));
        }
    } catch (const std::system_error& caught) {
        error = caught.code().value();
    }
    co_return error;
}

void a_reset_is_an_error() {
    UringRuntime runtime;
    Ends ends = connected();
    TcpStream stream(runtime.engine(), std::move(ends.there));
    linger now{.l_onoff = 1, .l_linger = 0};
    check(::setsockopt(ends.here.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "SO_LINGER");
    ends.here.reset();
    int error = runtime.block_on(error_of(&stream));
    check(error == ECONNRESET || error == EPIPE, "to write to a connection that was reset throws");
}

}  // namespace

void streams() {
    three_hundred_conversations();
    a_deadline_before_the_bytes();
    a_wake_from_another_thread();
    a_reset_is_an_error();
    std::printf("streams: good\n");
}
