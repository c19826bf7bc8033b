/// \file
/// 19.3: the host watches the descriptor of the reactor.
#include "scripted_host.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/hosted.hpp>
#include <rt/io_source.hpp>
#include <rt/oneshot.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <array>
#include <cstddef>
#include <utility>

using namespace support;

namespace {

using Runtime = rt::Hosted<ScriptedHost>;

/// Reads `count` bytes, one after the other.
rt::Async<> read_bytes(rt::IoSource* source, int count) {
    auto receive = [](int fd) {
        std::array<char, 1> byte;
        return rt::sys::read(fd, byte);
    };
    auto byte = [source, receive](rt::Context& cx) {
        return source->poll_io(cx, rt::Direction::read, rt::IoSource::never_short, "read", receive);
    };
    for (int i = 0; i < count; ++i) {
        auto read = rt::poll_fn(byte);
        co_await read;
    }
}

/// A runtime with a reactor, and a pipe from which its tasks read.
struct Reading {
    Reading() : source(std::move(pipe.here)) {}

    /// When the host sleeps, a byte comes.
    void let_bytes_come(int count) {
        for (int i = 0; i < count; ++i) {
            runtime.host().acts.push_back([this] {
                step("the host sleeps, and a byte comes");
                put(pipe.there, "x");
            });
        }
    }

    Runtime runtime;
    Ends pipe = make_pipe();
    rt::IoSource source;
};

}  // namespace

TEST_SUITE("19.3 timers and events") {
    TEST_CASE("a task reads what comes while the host sleeps") {
        Reading reading;
        reading.let_bytes_come(3);
        reading.runtime.block_on(read_bytes(&reading.source, 3));
    }

    TEST_CASE("the descriptor is watched once") {
        Reading reading;
        reading.let_bytes_come(3);
        reading.runtime.block_on(read_bytes(&reading.source, 3));
        reading.let_bytes_come(3);
        step("a second block_on, on the same host");
        reading.runtime.block_on(read_bytes(&reading.source, 3));
        CHECK_MESSAGE(reading.runtime.host().watches == 1,
                      "several Watches were made for one descriptor. A Watch goes on after an event, so make it once.");
    }

    TEST_CASE("a wake of another thread reaches a host that watches the reactor") {
        Reading reading;
        reading.let_bytes_come(1);
        reading.runtime.block_on(read_bytes(&reading.source, 1));
        for (int i = 0; i < 3; ++i) {
            auto [sender, receiver] = rt::oneshot::channel<int>();
            reading.runtime.host().acts.push_back([&sender] {
                step("the host sleeps, and another thread wakes a task. The reactor is unparked");
                TestThread([&sender] { std::move(sender).send(5); }).join();
            });
            CHECK(reading.runtime.block_on(take(std::move(receiver))) == 5);
        }
    }

    TEST_CASE("each runtime lets its own descriptor be watched") {
        for (const char* which : {"the first runtime of the process", "the second runtime of the process"}) {
            step("{} reads a byte", which);
            Reading reading;
            reading.let_bytes_come(1);
            reading.runtime.block_on(read_bytes(&reading.source, 1));
        }
    }
}
