/// \file
/// 12.3: a descriptor that the system has no room to watch.
#include "full_reactor.hpp"

#include <doctest/doctest.h>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/mock_task.hpp>
#include <support/story.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>

using namespace support;
using rt::Pending;

TEST_SUITE("12.3 waiting for a descriptor") {
    TEST_CASE("a task waits until there is room for its descriptor") {
        rt::CurrentThread runtime;
        rt::EnterScheduler entered(runtime);
        rt::FullReactor& reactor = runtime.service<rt::FullReactor>();
        Ends pipe = make_pipe();
        rt::FullIoSource source(std::move(pipe.here), true);
        int calls = 0;
        auto poll = [&](rt::Context& cx) {
            std::array<char, 100> buffer;
            auto receive = [&](int fd) {
                return ++calls < 100 ? rt::sys::read(fd, buffer) : 0;  // the end of the stream ends an endless loop
            };
            return source.poll_io(cx, rt::Direction::read, buffer.size(), "read", receive);
        };
        auto task = spawn_mock("read", rt::poll_fn(poll));
        step("the read finds nothing, and epoll has no room. So try_prepare wakes the task, and its answer is false");
        rt::Poll<std::size_t> answer = Pending;
        try {
            answer = task.poll();
        } catch (const std::system_error& error) {
            step("the poll threw: {}", error.what());
            FAIL(
                "epoll has no room now, but other descriptors will be closed. Call try_prepare, which lets the task ask again.");
        }
        CHECK(answer == Pending);
        CHECK_MESSAGE(task.is_woken(),
                      "the task waits for a descriptor that epoll does not watch. Call try_prepare, and "
                      "return Pending if its answer is false.");
        step("epoll has no memory");
        reactor.answer = -ENOMEM;
        try {
            answer = task.poll();
        } catch (const std::system_error& error) {
            step("the poll threw: {}", error.what());
            FAIL("a lack of memory passes, like a lack of watches. Let the task ask again.");
        }
        CHECK(answer == Pending);
        CHECK(task.is_woken());
        step("now there is room");
        reactor.is_full = false;
        answer = task.poll();
        REQUIRE_MESSAGE(calls < 100,
                        "the kernel has refused 100 times, and poll_io asks again and again. Clear what it had seen.");
        CHECK(answer == Pending);
        put(pipe.there, "tea");
        reactor.reactor.park(rt::no_wait);
        CHECK(task.poll().value() == 3);
    }
}
