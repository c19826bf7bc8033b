/// \file
/// 19.3: the host's timer.
// Judges 19.2 too: a turn that polls tasks must not keep the host from its timer.
#include "scripted_host.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/hosted.hpp>
#include <rt/oneshot.hpp>
#include <rt/park.hpp>
#include <rt/spawn.hpp>
#include <rt/sys.hpp>
#include <rt/time.hpp>
#include <rt/yield_now.hpp>
#include <support/story.hpp>

#include <chrono>
#include <utility>

using namespace support;
using namespace std::chrono_literals;

namespace {

using Runtime = rt::Hosted<ScriptedHost>;

rt::Async<> nap(rt::Instant::duration duration) { co_await rt::sleep(duration); }

}  // namespace

TEST_SUITE("19.3 timers and events") {
    TEST_CASE("a sleep ends although the host has nothing else to do") {
        Runtime runtime;
        rt::Instant const start = rt::sys::now();
        step("sleep for a millisecond");
        runtime.block_on(nap(1ms));
        CHECK(rt::sys::now() - start >= 1ms);
    }

    TEST_CASE("a host sleeps when no timer is left") {
        Runtime runtime;
        auto [sender, receiver] = rt::oneshot::channel<int>();
        auto act = [&runtime, &sender] {
            step("no task sleeps any more, and the host has nothing to do");
            CHECK_MESSAGE(
                runtime.host().moment == rt::Instant::max(),
                "the host's timer is set, but no task waits for one. It would call again and again, so the host "
                "never sleeps. Set it only if there is a deadline.");
            std::move(sender).send(5);
        };
        auto sleep_and_take = [](Runtime* loop, ScriptedHost::Function next,
                                 rt::oneshot::Receiver<int> from) -> rt::Async<int> {
            co_await rt::sleep(1ms);
            loop->host().acts.push_back(std::move(next));
            co_return co_await from;
        };
        CHECK(runtime.block_on(sleep_and_take(&runtime, act, std::move(receiver))) == 5);
    }

    TEST_CASE("an earlier timer that is set later is in time") {
        Runtime runtime;
        auto both = []() -> rt::Async<> {
            step("a task sleeps for an hour");
            rt::spawn(nap(1h)).detach();
            for (int i = 0; i < 200; ++i) {
                co_await rt::yield_now();
            }
            step("after a few turns, another one sleeps for a millisecond");
            co_await rt::sleep(1ms);
        };
        runtime.block_on(both());
    }

    TEST_CASE("after a timer comes the next one") {
        Runtime runtime;
        for (int i = 0; i < 3; ++i) {
            step("sleep for a millisecond, and then once more");
            runtime.block_on(nap(1ms));
        }
        auto two = []() -> rt::Async<> {
            auto later = rt::spawn(nap(2ms));
            co_await rt::sleep(1ms);
            step("the first of two timers has fired");
            co_await later;
        };
        runtime.block_on(two());
    }

    TEST_CASE("the host's timer is set to the moment of the first one") {
        Runtime runtime;
        rt::Instant due;
        auto wait = [](rt::Instant* moment) -> rt::Async<> {
            *moment = rt::sys::now() + 1h;
            rt::spawn(rt::sleep_until(*moment + 1h)).detach();
            co_await rt::sleep_until(*moment);
        };
        bool has_slept = false;
        runtime.host().acts.push_back([&] {
            has_slept = true;
            CHECK_MESSAGE(
                runtime.host().moment == due,
                "the host sleeps with another moment than that of the first timer. `next_deadline` says when.");
            runtime.host().is_stopped = true;
        });
        step("two tasks sleep, for one hour and for two");
        CHECK_THROWS_AS(runtime.block_on(wait(&due)), rt::Cancelled);
        CHECK(has_slept);
    }
}
