#include <doctest/doctest.h>
#include <rt/poll_loop.hpp>
#include <rt/sys.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

using namespace support;
using namespace std::chrono_literals;
using rt::PollLoop;

TEST_SUITE("19.0 given: an event loop") {
    TEST_CASE("posted functions are called in order and once") {
        PollLoop loop;
        std::string order;
        loop.post([&order] { order += 'a'; });
        loop.post([&order] { order += 'b'; });
        loop.post([&] { loop.stop(); });
        loop.run();
        loop.post([&] { loop.stop(); });
        loop.run();
        CHECK(order == "ab");
    }

    TEST_CASE("what a posted function posts comes in the next round") {
        PollLoop loop;
        int calls = 0;
        PollLoop::Function again;
        again = [&] {
            ++calls;
            loop.post(again);
        };
        loop.post(again);
        for (int round = 1; round <= 3; ++round) {
            CHECK(loop.run_once());
            CHECK(calls == round);
        }
    }

    TEST_CASE("another thread posts while the loop sleeps") {
        PollLoop loop;
        int value = 0;
        TestThread thread([&] {
            loop.post([&] { value = 7; });
            loop.post([&] { loop.stop(); });
        });
        loop.run();
        CHECK(value == 7);
    }

    TEST_CASE("another thread stops the loop") {
        PollLoop loop;
        TestThread thread([&] { loop.stop(); });
        loop.run();
    }

    TEST_CASE("timers come at their moment and in their last one") {
        PollLoop loop;
        std::string order;
        PollLoop::Timer later(loop, [&] {
            order += 'b';
            loop.stop();
        });
        PollLoop::Timer sooner(loop, [&] { order += 'a'; });
        rt::Instant const start = rt::sys::now();
        later.set(start + 2ms);
        sooner.set(start + 1h);
        sooner.set(start + 1ms);
        loop.run();
        CHECK(order == "ab");
        CHECK(rt::sys::now() - start >= 2ms);
        step("a timer that has been called is not called again");
        loop.post([&] { loop.stop(); });
        loop.run();
        CHECK(order == "ab");
    }

    TEST_CASE("a Watch is called as long as there is something to read") {
        PollLoop loop;
        Ends pipe = make_pipe();
        int calls = 0;
        PollLoop::Watch watch(loop, pipe.here.get(), [&] { ++calls; });
        put(pipe.there, "xx");
        CHECK(loop.run_once());
        CHECK(loop.run_once());
        CHECK(calls == 2);
        step("a closed pipe is readable, too");
        pipe.there.reset();
        CHECK(loop.run_once());
        CHECK(calls == 3);
    }

    TEST_CASE("a function may destroy what would be called next and itself") {
        PollLoop loop;
        int calls = 0;
        std::optional<PollLoop::Timer> second;
        std::optional<PollLoop::Timer> first;
        first.emplace(loop, [&, token = std::make_shared<int>(1)] {
            calls += *token;
            second.reset();
            first.reset();
            calls += *token;
        });
        second.emplace(loop, [&] { calls += 100; });
        first->set(rt::Instant::min());
        second->set(rt::Instant::min());
        CHECK(loop.run_once());
        CHECK(calls == 2);

        Ends pipe = make_pipe();
        put(pipe.there, "x");
        std::optional<PollLoop::Watch> other;
        std::optional<PollLoop::Watch> one;
        one.emplace(loop, pipe.here.get(), [&] {
            ++calls;
            other.reset();
            one.reset();
        });
        other.emplace(loop, pipe.here.get(), [&] { calls += 100; });
        CHECK(loop.run_once());
        CHECK(calls == 3);
    }
}
