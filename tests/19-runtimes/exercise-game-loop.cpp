/// An exercise without a starter: let tasks run in a game.
///
/// A game draws a frame sixty times a second. Its engine lets you call one function per frame, and that is all that it
/// offers. Write a class that makes this function a host for `rt::Hosted`.
///
///  - `exercise::GameLoop` has `post`, `Timer`, `Watch`, and `run_once`. The top of `rt/hosted.hpp` describes all four.
///  - `game.frame()` is the function that the engine calls. It never waits.
///  - A frame calls each function that was posted before the frame, in their order. What these functions post is called in
///    the next frame.
///  - A frame calls the function of each Timer whose moment has come, once.
///  - A frame calls the function of each Watch. It need not ask the kernel, because a turn too many is harmless.
///  - A Timer or a Watch that has been destroyed is not called any more. None of them is destroyed during a frame.
///  - `game.run_once()` plays one frame, and returns true.
///
/// Write it into mine/19-runtimes/exercise.hpp. The file needs `#pragma once`, the headers that you use, and
/// `namespace exercise`. The loop judges it as soon as the file exists and the rest of the lesson is green.
#include "waiting.hpp"

#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/hosted.hpp>
#include <rt/io_source.hpp>
#include <rt/oneshot.hpp>
#include <rt/sys.hpp>
#include <rt/time.hpp>
#include <support/ends.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

using namespace support;
using namespace std::chrono_literals;
using exercise::GameLoop;

TEST_SUITE("19 exercise a game as a host") {
    TEST_CASE("a frame calls what was posted before it") {
        GameLoop game;
        std::string calls;
        game.post([&calls] { calls += 'a'; });
        game.post([&] {
            calls += 'b';
            game.post([&calls] { calls += 'c'; });
        });
        CHECK(calls.empty());
        step("the first frame");
        game.frame();
        CHECK_MESSAGE(calls == "ab", "what a function posts during a frame must wait for the next one");
        step("the second frame");
        game.frame();
        CHECK(calls == "abc");
        step("the third frame");
        CHECK(game.run_once());
        CHECK(calls == "abc");
    }

    TEST_CASE("a function that another thread posts is called in a frame") {
        GameLoop game;
        int calls = 0;
        for (int round = 1; round <= 100; ++round) {
            TestThread thread([&] { game.post([&calls] { ++calls; }); });
            while (calls < round) {
                game.frame();
                still_alive();
            }
        }
    }

    TEST_CASE("a timer is called once in the first frame after its moment") {
        GameLoop game;
        int calls = 0;
        GameLoop::Timer timer(game, [&calls] { ++calls; });
        step("a frame before the timer is set");
        game.frame();
        CHECK(calls == 0);
        step("set it to an hour from now");
        timer.set(rt::sys::now() + 1h);
        game.frame();
        CHECK(calls == 0);
        step("set it to now");
        timer.set(rt::sys::now());
        game.frame();
        CHECK(calls == 1);
        game.frame();
        CHECK_MESSAGE(calls == 1, "a timer fired twice after one `set`");
    }

    TEST_CASE("a timer may set itself again") {
        GameLoop game;
        int calls = 0;
        std::optional<GameLoop::Timer> timer;
        timer.emplace(game, [&] {
            ++calls;
            timer->set(rt::sys::now());
        });
        timer->set(rt::sys::now());
        for (int frame = 1; frame <= 3; ++frame) {
            step("frame {}", frame);
            game.frame();
            CHECK_MESSAGE(calls == frame, "a timer that set itself again wasn't called in the next frame");
        }
    }

    TEST_CASE("a Watch is called in each frame until it is destroyed") {
        GameLoop game;
        Ends pipe = make_pipe();
        put(pipe.there, "x");
        int calls = 0;
        std::optional<GameLoop::Watch> watch;
        watch.emplace(game, pipe.here.get(), [&calls] { ++calls; });
        game.frame();
        game.frame();
        CHECK(calls == 2);
        step("destroy it");
        watch.reset();
        game.frame();
        CHECK(calls == 2);
        GameLoop::Timer other(game, [] {});
        {
            GameLoop::Timer timer(game, [&calls] { ++calls; });
            timer.set(rt::sys::now());
        }
        game.frame();
        CHECK_MESSAGE(calls == 2, "a timer was called although it has been destroyed");
    }

    TEST_CASE("tasks run in the game") {
        rt::Hosted<GameLoop> runtime;
        rt::IoSource source(rt::sys::Fd(rt::sys::check(rt::sys::event_fd(), "eventfd")));
        auto sleep_and_read = [](rt::IoSource* from) -> rt::Async<int> {
            rt::Instant const start = rt::time::now();
            co_await rt::sleep(2ms);
            CHECK(rt::time::now() - start >= 2ms);
            auto receive = [](int fd) {
                std::array<char, 8> count;
                return rt::sys::read(fd, count);
            };
            auto poll = [from, receive](rt::Context& cx) {
                return from->poll_io(cx, rt::Direction::read, rt::IoSource::never_short, "read", receive);
            };
            auto read = rt::poll_fn(poll);
            co_return static_cast<int>(co_await read);
        };
        step("a task sleeps, and then reads what another thread writes");
        TestThread thread([&source] {
            std::uint64_t const one = 1;
            rt::sys::write(source.fd(), {reinterpret_cast<const char*>(&one), sizeof one});
        });
        CHECK(runtime.block_on(sleep_and_read(&source)) == 8);
        auto [sender, receiver] = rt::oneshot::channel<int>();
        step("another thread wakes a task");
        TestThread waker([s = std::move(sender)]() mutable { std::move(s).send(7); });
        CHECK(runtime.block_on(take(std::move(receiver))) == 7);
    }
}
