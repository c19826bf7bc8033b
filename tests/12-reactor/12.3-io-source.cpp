/// \file
/// 12.3: try first, and wait without losing an event.
#include <doctest/doctest.h>

#include "source.hpp"

#include <rt/current_thread.hpp>
#include <rt/io_source.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>
#include <support/ends.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

using namespace support;
using rt::Pending, rt::Reactor;

namespace {

/// The end to read from is a source, and the reactor knows it.
struct RegisteredPipe {
    RegisteredPipe() { source.source.register_with(reactor); }

    Reactor reactor;
    Ends pipe = make_pipe();
    Source source{std::move(pipe.here)};
};

struct RegisteredSocket {
    RegisteredSocket() { source.source.register_with(reactor); }

    Reactor reactor;
    Ends sockets = make_socket_pair();
    Source source{std::move(sockets.here)};
};

constexpr char no_waker_left[] =
    "poll_io returned Pending, and no event can wake the task. Leave its waker in the record before you return Pending.";

/// Polls once more if the poll woke its own task, which is as good as another round of the loop.
rt::Poll<std::string> poll_while_woken(auto& task) {
    rt::Poll<std::string> poll = task.poll();
    return poll.is_pending() && task.is_woken() ? task.poll() : std::move(poll);
}

}  // namespace

TEST_SUITE("12.3 waiting for a descriptor") {
    TEST_CASE("what is there is read without asking epoll") {
        Ends pipe = make_pipe();
        Source source(std::move(pipe.here));
        put(pipe.there, "tea");
        step("read outside of a runtime, where epoll can't be asked. The bytes are there, so there is no need to");
        CHECK(spawn_mock("read", source.read()).poll().value() == "tea");
        CHECK(source.calls == 1);
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "a refusal waits and the event wakes") {
        auto task = spawn_mock("read", source.read());
        CHECK(task.poll() == Pending);
        CHECK(source.calls == 1);
        CHECK_MESSAGE(task.kept_wakers() == 1, no_waker_left);
        step("polled for no reason: nothing has come, so the kernel is not asked");
        CHECK(task.poll() == Pending);
        CHECK_MESSAGE(
            source.calls == 1,
            "no event has come since the refusal, and the kernel was asked again. Try only if the word allows it.");
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK(task.wakes() == 1);
        CHECK(task.poll().value() == "tea");
        CHECK(source.calls == 2);
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "a short read saves the call that would be refused") {
        put(pipe.there, "tea");
        CHECK(spawn_mock("first read", source.read(100)).poll().value() == "tea");
        auto second = spawn_mock("second read", source.read(100));
        CHECK(second.poll() == Pending);
        CHECK_MESSAGE(source.calls == 1, "the first read was short: the kernel has no more, so do not ask");
    }

    TEST_CASE_FIXTURE(RegisteredSocket, "a short write saves the call that would be refused") {
        std::string const much(10'000'000, 'x');
        CHECK(spawn_mock("first write", source.write(much)).poll().value() < much.size());
        CHECK(spawn_mock("second write", source.write("x")).poll() == Pending);
        CHECK_MESSAGE(source.calls == 1, "the first write was short: the kernel takes no more, so do not ask");
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "a read that fills its buffer is followed by another") {
        put(pipe.there, "green tea");
        CHECK(spawn_mock("first read", source.read(5)).poll().value() == "green");
        rt::Poll<std::string> second = spawn_mock("second read", source.read(5)).poll();
        REQUIRE_MESSAGE(second.is_ready(),
                        "the buffer was filled, so the kernel may have more. Do not clear the flag.");
        CHECK(second.value() == " tea");
        CHECK(source.calls == 2);
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "an operation that is never short is tried again") {
        int calls = 0;
        auto poll = [&](rt::Context& cx) {
            auto take_one = [&](int) -> int { return ++calls; };
            return source.source.poll_io(cx, rt::Direction::read, rt::IoSource::never_short, "take", take_one);
        };
        CHECK(spawn_mock("take one", rt::poll_fn(poll)).poll().value() == 1);
        step("its result is a number, which says nothing about what the kernel has left");
        CHECK_MESSAGE(
            spawn_mock("take another one", rt::poll_fn(poll)).poll().is_ready(),
            "`full` was never_short, and the result was taken for a short one. Only a count below `full` is short.");
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "an event that comes while the read is refused is not lost") {
        auto task = spawn_mock("read", source.read());
        step("the read finds nothing; before the refusal is noted, bytes come and epoll reports them");
        source.after_read = [&] {
            put(pipe.there, "late");
            reactor.park(rt::no_wait);
        };
        rt::Poll<std::string> poll = poll_while_woken(task);
        REQUIRE_MESSAGE(poll.is_ready(), "a newer event was cleared: its bytes will never be announced again");
        CHECK(poll.value() == "late");
        CHECK(source.calls == 2);
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "an event that comes right after a short read is not lost") {
        put(pipe.there, "early");
        source.after_read = [&] {
            put(pipe.there, "late");
            reactor.park(rt::no_wait);
        };
        CHECK(spawn_mock("first read", source.read()).poll().value() == "early");
        rt::Poll<std::string> poll = spawn_mock("second read", source.read()).poll();
        REQUIRE_MESSAGE(poll.is_ready(), "a newer event was cleared: its bytes will never be announced again");
        CHECK(poll.value() == "late");
    }

    TEST_CASE_FIXTURE(RegisteredSocket, "the end of the stream that came with the last bytes is read") {
        auto task = spawn_mock("read", source.read());
        CHECK(task.poll() == Pending);
        put(sockets.there, "bye");
        step("the other side closes");
        sockets.there.reset();
        reactor.park(rt::no_wait);
        CHECK(task.poll().value() == "bye");
        rt::Poll<std::string> end = spawn_mock("read the end", source.read()).poll();
        REQUIRE_MESSAGE(end.is_ready(),
                        "a short read cleared the end of the stream, and epoll won't repeat it. Call `clear_short`.");
        CHECK(end.value().empty());
        CHECK(spawn_mock("read the end again", source.read()).poll().value().empty());
    }

    TEST_CASE("reader and writer wait side by side") {
        Reactor reactor;
        Ends sockets = make_socket_pair();
        std::size_t filled = fill(sockets.here);
        Source source(std::move(sockets.here));
        source.source.register_with(reactor);
        reactor.park(rt::no_wait);
        auto reader = spawn_mock("read", source.read());
        auto writer = spawn_mock("write", source.write("y"));
        CHECK(reader.poll() == Pending);
        CHECK(writer.poll() == Pending);
        step("the other side empties the buffer");
        for (std::size_t got = 0; got < filled;) {
            got += fetch(sockets.there, 1 << 20).size();
        }
        reactor.park(rt::no_wait);
        REQUIRE_MESSAGE(writer.is_woken(), "the buffer has room again, but the writer was not woken");
        CHECK_FALSE(reader.is_woken());
        CHECK(writer.poll().value() == 1);
        put(sockets.there, "tea");
        reactor.park(rt::no_wait);
        REQUIRE_MESSAGE(reader.is_woken(), "bytes have come, but the reader was not woken");
        CHECK(reader.poll().value() == "tea");
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "the latest waker wins") {
        auto first = spawn_mock("first reader", source.read());
        auto second = spawn_mock("second reader", source.read());
        CHECK(first.poll() == Pending);
        CHECK(second.poll() == Pending);
        CHECK_MESSAGE(
            first.kept_wakers() == 0,
            "another task waits now, and the record still has the first one's waker. Leave the waker at each Pending.");
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK_FALSE(first.is_woken());
        CHECK(second.is_woken());
    }

    TEST_CASE_FIXTURE(RegisteredPipe, "a dropped read leaves the source usable") {
        {
            auto cancelled = spawn_mock("read", source.read());
            CHECK(cancelled.poll() == Pending);
            cancelled.drop();
        }
        put(pipe.there, "tea");
        reactor.park(rt::no_wait);
        CHECK(spawn_mock("another read", source.read()).poll().value() == "tea");
    }

    TEST_CASE("no event is lost while the descriptor is registered") {
        rt::CurrentThread runtime;
        rt::EnterScheduler entered(runtime);
        static Reactor* reactor = nullptr;
        static int other_side = -1;
        reactor = &runtime.service<Reactor>();
        Ends pipe = make_pipe();
        other_side = pipe.there.get();
        Source source(std::move(pipe.here));
        rt::trace::Listener byte_comes = [](const rt::trace::Event& event) noexcept {
            if (event.kind == rt::trace::Kind::io_register) {
                rt::sys::write(other_side, std::string_view("x"));
                reactor->park(rt::no_wait);
            }
        };
        rt::trace::listen(byte_comes);
        step("the read finds nothing. As soon as epoll knows the descriptor, a byte comes, and epoll reports it");
        auto task = spawn_mock("read", source.read());
        rt::Poll<std::string> poll = poll_while_woken(task);
        rt::trace::stop_listening(byte_comes);
        REQUIRE_MESSAGE((poll.is_ready() || task.kept_wakers() == 1), no_waker_left);
        REQUIRE_MESSAGE(poll.is_ready(),
                        "a newer event was cleared. Clear with the word that was seen before the attempt.");
    }
}
