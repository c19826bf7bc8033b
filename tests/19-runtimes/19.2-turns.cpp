/// \file
/// 19.2: the host gives the runtime turns, and the runtime asks for them.
#include "scripted_host.hpp"
#include "waiting.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/hosted.hpp>
#include <rt/oneshot.hpp>
#include <rt/spawn.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <utility>
#include <vector>

using namespace support;

namespace {

using Runtime = rt::Hosted<ScriptedHost>;
using Sender = rt::oneshot::Sender<int>;
using Receiver = rt::oneshot::Receiver<int>;

/// Waits in a task for each value, and returns the sum.
rt::Async<int> sum_of(std::vector<Receiver> receivers) {
    std::vector<rt::JoinHandle<int>> tasks;
    for (Receiver& receiver : receivers) {
        tasks.push_back(rt::spawn(take(std::move(receiver))));
    }
    int sum = 0;
    for (rt::JoinHandle<int>& task : tasks) {
        sum += co_await task;
    }
    co_return sum;
}

/// Yields until `done`, but at most 10,000 times. Returns how often.
rt::Async<int> yield_until(const bool* done) {
    int times = 0;
    while (!*done && times < 10'000) {
        ++times;
        co_await rt::yield_now();
    }
    co_return times;
}

/// Another thread sends, and only after that this poll ends.
rt::Async<int> wake_during_a_poll() {
    auto [sender, receiver] = rt::oneshot::channel<int>();
    auto waiting = rt::spawn(take(std::move(receiver)));
    co_await rt::yield_now();
    step("another thread wakes a task during a turn");
    TestThread([&sender] { std::move(sender).send(7); }).join();
    co_return co_await waiting;
}

}  // namespace

TEST_SUITE("19.2 turns") {
    TEST_CASE("a future is polled in a turn of the host") {
        Runtime runtime;
        step("block_on, which spawns a task and lets the host play");
        runtime.block_on(yield_often(0));
        CHECK_MESSAGE(runtime.host().posts() > 0, "the tasks were polled without the host. Post a turn to the host.");
    }

    TEST_CASE("tasks that are ready after a turn get the next one") {
        Runtime runtime;
        for (int times : {1, 60, 200, 1000}) {
            step("run a task that yields {} times", times);
            runtime.block_on(yield_often(times));
        }
    }

    TEST_CASE("between two turns the host calls its own functions") {
        Runtime runtime;
        bool called = false;
        step("the host has to call a function of its own, and a task is always ready");
        auto busy = yield_until(&called);
        auto both = [](Runtime* loop, bool* flag, rt::Async<int> task) -> rt::Async<int> {
            loop->host().post([flag] { *flag = true; });
            co_return co_await task;
        };
        int const times = runtime.block_on(both(&runtime, &called, std::move(busy)));
        CHECK_MESSAGE(times < 1'000,
                      "the host's own function waited and waited. Poll once round in a turn, and post the next turn.");
    }

    TEST_CASE("a host without anything to do sleeps") {
        Runtime runtime;
        auto [sender, receiver] = rt::oneshot::channel<int>();
        runtime.host().acts.push_back([&sender] {
            step("now the host sleeps, until another thread wakes the task");
            TestThread([&sender] { std::move(sender).send(5); }).join();
        });
        step("wait for a value");
        CHECK(runtime.block_on(take(std::move(receiver))) == 5);
    }

    TEST_CASE("many wakes ask for one turn") {
        Runtime runtime;
        std::vector<Sender> senders;
        std::vector<Receiver> receivers;
        for (int i = 0; i < 50; ++i) {
            auto [sender, receiver] = rt::oneshot::channel<int>();
            senders.push_back(std::move(sender));
            receivers.push_back(std::move(receiver));
        }
        int posts = 0;
        runtime.host().acts.push_back([&] {
            int const before = runtime.host().posts();
            step("another thread wakes 50 tasks before the host gives a turn");
            TestThread([&senders] {
                for (Sender& sender : senders) {
                    std::move(sender).send(2);
                }
            }).join();
            posts = runtime.host().posts() - before;
        });
        CHECK(runtime.block_on(sum_of(std::move(receivers))) == 100);
        CHECK_MESSAGE(
            posts == 1,
            "50 wakes posted {} turns. While a turn is posted, no other one is needed. `posted_` says whether "
            "one is.",
            posts);
    }

    TEST_CASE("a wake between two turns asks for none") {
        Runtime runtime;
        auto [sender, receiver] = rt::oneshot::channel<int>();
        int posts = 0;
        auto send = [&] {
            int const before = runtime.host().posts();
            step("between two turns, a function of the host wakes another task");
            std::move(sender).send(9);
            posts = runtime.host().posts() - before;
        };
        auto busy = [](Runtime* loop, ScriptedHost::Function function, Receiver from) -> rt::Async<int> {
            auto waiting = rt::spawn(take(std::move(from)));
            loop->host().post(std::move(function));
            co_await yield_often(200);
            co_return co_await waiting;
        };
        step("a task is always ready, so each turn asks for the next one");
        CHECK(runtime.block_on(busy(&runtime, send, std::move(receiver))) == 9);
        CHECK_MESSAGE(posts == 0,
                      "a turn had asked for the next one, and a wake posted one more. Each of the two would ask for "
                      "another. Let `turn` call `post_turn`, which knows the flag.");
    }

    TEST_CASE("a wake during a turn asks for the next one") {
        Runtime runtime;
        CHECK(runtime.block_on(wake_during_a_poll()) == 7);
    }

    TEST_CASE("a turn that is posted is not lost when block_on returns") {
        Runtime runtime;
        for (int i = 0; i < 3; ++i) {
            step("run {}", i);
            runtime.block_on(yield_often(i));
        }
    }
}
