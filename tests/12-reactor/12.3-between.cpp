/// \file
/// 12.3: an event between two accesses of a poll, whichever they are.
#include "stepped_source.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/mock_task.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

using namespace support;
using rt::Pending;

namespace {

constexpr char never_cleared[] =
    "the kernel has refused 100 times, and poll_io asks again and again. Clear what it had seen.";

/// A registered pipe. Its other end writes a byte at a chosen moment of a poll, and the reactor looks at once.
struct LatePipe {
    LatePipe() { source.register_with(reactor); }

    auto read() {
        return rt::poll_fn([this](rt::Context& cx) {
            auto receive = [this](int fd) {
                std::array<char, 100> buffer;
                ssize_t const size = rt::sys::read(fd, buffer);
                refusals += size == -EAGAIN ? 1 : 0;
                return refusals < 100 ? size : 0;  // the end of the stream ends an endless loop
            };
            return source.poll_io(cx, rt::Direction::read, 100, "read", receive);
        });
    }

    /// Polls `task` once. The byte comes after access `at`. True if there was such an access.
    template <class Task>
    bool poll_with_byte_at(Task& task, int at, rt::Poll<std::size_t>& answer) {
        bool has_come = false;
        auto come = [&](int access, auto&) {
            if (access == at) {
                has_come = true;
                rt::sys::write(pipe.there.get(), std::string_view("x"));
                reactor.park(rt::no_wait);
            }
        };
        Steps::between(come, [&] { answer = task.poll_silently(); });
        REQUIRE_MESSAGE(refusals < 100, never_cleared);
        return has_come;
    }

    rt::SteppedReactor reactor;
    Ends pipe = make_pipe();
    rt::SteppedIoSource source{std::move(pipe.here)};
    int refusals = 0;
};

constexpr char lost[] =
    "an event came after the look and before the waker was left. Leave the waker first, and look at the word then.";

/// A byte comes during the poll of a read: after its first access, in the next round after its second, and so on.
void expect_no_event_is_lost(bool another_task_waits) {
    bool has_come = true;
    for (int at = 0; has_come; ++at) {
        LatePipe late;
        auto before = spawn_mock("the task before", late.read());
        if (another_task_waits) {
            CHECK(before.poll_silently().is_pending());
        }
        auto task = spawn_mock("read", late.read());
        rt::Poll<std::size_t> answer = Pending;
        has_come = late.poll_with_byte_at(task, at, answer);
        if (has_come && answer.is_pending()) {
            REQUIRE_MESSAGE(task.is_woken(), lost);
            answer = task.poll_silently();
        }
        CHECK(answer.is_ready() == has_come);
        still_alive();
    }
}

}  // namespace

TEST_SUITE("12.3 waiting for a descriptor") {
    TEST_CASE("no event is lost while a task tries and begins to wait") {
        step("poll a read, and a byte comes at each possible moment");
        expect_no_event_is_lost(false);
    }

    TEST_CASE("no event is lost while a task waits in place of another") {
        step("one task waits. Poll another one, and a byte comes at each possible moment");
        expect_no_event_is_lost(true);
    }
}
