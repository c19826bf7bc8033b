/// \file
/// 15.9: a timeout in a runtime: around a socket, and around futures that use up the budget of their task.
#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/tcp.hpp>
#include <rt/time.hpp>
#include <rt/timeout.hpp>
#include <support/paused_clock.hpp>
#include <support/story.hpp>

#include <chrono>
#include <optional>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::Pending;
using rt::Poll;
using rt::Ready;

namespace {

/// Takes all that the budget allows, and is never done. A loop over a socket that is always ready looks like this.
class Greedy {
  public:
    using Output = int;

    Greedy() = default;

    Poll<int> poll(rt::Context& cx) {
        while (share_.poll_proceed(cx)) {
            rt::budget::spend();
        }
        return Pending;
    }

  private:
    rt::budget::Share share_;
};

/// Like a socket: it may have a value, and it is refused while the task has no budget.
class Source {
  public:
    using Output = int;

    explicit Source(const bool* is_ready) : is_ready_(is_ready) {}

    Poll<int> poll(rt::Context& cx) {
        if (!share_.poll_proceed(cx) || !*is_ready_) {
            return Pending;
        }
        rt::budget::spend();
        return Ready(7);
    }

  private:
    rt::budget::Share share_;
    const bool* is_ready_;
};

}  // namespace

TEST_SUITE("15.9 all together: a timeout in a runtime") {
    TEST_CASE("on a paused clock a timeout around a socket fires at once") {
        // time.hpp says why: a task that waits for a socket does not hold the clock up.
        auto wait = []() -> Async<> {
            rt::TcpListener listener = co_await rt::TcpListener::bind("127.0.0.1:0");
            co_await rt::timeout(1h, listener.accept());
        };
        CHECK_THROWS_AS(run_paused(wait()), rt::Elapsed);
    }

    TEST_CASE("a future that uses up every budget is timed out all the same") {
        // On the real clock, which goes on while the task is never idle.
        auto body = [](std::chrono::milliseconds limit) -> Async<bool> {
            bool elapsed = false;
            try {
                (void)co_await rt::timeout(limit, Greedy());
            } catch (const rt::Elapsed&) {
                elapsed = true;
            }
            co_return elapsed;
        };
        rt::CurrentThread runtime;
        step("a greedy future gets no time");
        CHECK(runtime.block_on(body(0ms)));
        step("a greedy future gets 2 ms");
        CHECK(runtime.block_on(body(2ms)));
    }

    TEST_CASE("what is ready is not late because the budget is used up") {
        bool is_ready = false;
        int polls = 0;
        std::optional<rt::Timeout<Source>> tea;
        auto poll = [&](rt::Context& cx) -> Poll<int> {
            if (++polls == 1) {
                rt::time::pause();
                tea.emplace(rt::timeout(1s, Source(&is_ready)));
            } else if (polls == 2) {
                step("the time is up, the value is there, and the task has used up its budget");
                is_ready = true;
                rt::budget::Share share;
                while (share.poll_proceed(cx)) {
                    rt::budget::spend();
                }
            }
            return tea->poll(cx);
        };
        rt::CurrentThread runtime;
        CHECK(runtime.block_on(rt::poll_fn(poll)) == 7);
        CHECK(polls == 3);
    }
}
