/// An exercise without a starter: write a future from nothing, and call it `exercise::on_thread`.
///
/// `exercise::on_thread(f)` returns a future. Its first poll starts a thread, and the thread calls `f`. The future is Ready
/// with what `f` returned. That may be of a type that cannot be copied, but it is not void, and `f` throws nothing. If the
/// future is destroyed early, its destructor waits until `f` has returned.
///
/// Keep the waker in a `rt::WakerSlot`, because the thread takes it while a poll may be replacing it.
///
/// Write it into mine/05-block-on/exercise.hpp. The file needs `#pragma once`, `#include <rt/future.hpp>`,
/// `#include <rt/sync.hpp>`, `#include <rt/waker_slot.hpp>`, and `namespace exercise`. The loop judges it as soon as the
/// file exists and the rest of the lesson is green.
#include "stepped_slot.hpp"

#include <doctest/doctest.h>
#include <exercise.hpp>
#include <observe/sys_observe.hpp>
#include <rt/block_on.hpp>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/calling_waker.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <concepts>
#include <latch>
#include <memory>
#include <utility>

using namespace support;
using rt::Context;
using rt::Poll;
using rt::Waker;

namespace {

/// Holds the function until the test lets it return, and knows when the thread of the function has ended.
class Gate {
  public:
    /// Called by the function.
    int pass() {
        static thread_local Ending ending;
        ending.gate = this;
        open_.wait();
        return 7;
    }

    /// Lets the function return. Comes back when its thread has done everything that it does, the wake too.
    void let_it_end() {
        open_.count_down();
        ended_.wait();
    }

  private:
    /// The destructors of thread_local objects are the last thing that a thread runs.
    struct Ending {
        Gate* gate = nullptr;
        ~Ending() { gate->ended_.count_down(); }
    };

    std::latch open_{1};
    std::latch ended_{1};
};

template <class Done>
void yield_thread_until(Done done) {
    while (!done()) {
        rt::yield_thread();
    }
}

Poll<int> poll_with(auto& future, const Waker& waker) {
    Context cx(waker);
    return future.poll(cx);
}

}  // namespace

TEST_SUITE("05 exercise a future with a thread of its own") {
    TEST_CASE("it is a future and yields what the function returns") {
        auto cook = [] { return std::make_unique<int>(100); };
        static_assert(
            rt::Future<decltype(exercise::on_thread(cook))>,
            "What exercise::on_thread returns is not a future. Give it `Output` and `Poll<Output> poll(Context&)`.");
        static_assert(std::same_as<rt::OutputOf<decltype(exercise::on_thread(cook))>, std::unique_ptr<int>>,
                      "the Output must be the type that the function returns.");
        step("block_on a future that cooks on another thread");
        CHECK(*rt::block_on(exercise::on_thread(cook)) == 100);
    }

    TEST_CASE("the function runs once and on another thread") {
        int calls = 0;
        auto where = [&calls] {
            ++calls;
            return rt::this_thread_id();
        };
        step("block_on a future that tells its thread");
        bool const is_this_thread = rt::block_on(exercise::on_thread(where)) == rt::this_thread_id();
        CHECK_MESSAGE(!is_this_thread, "the function ran on the thread that polls. Start a thread that calls it.");
        CHECK(calls == 1);
    }

    TEST_CASE("nothing happens before the first poll") {
        int calls = 0;
        {
            step("make the future, move it, and destroy it");
            auto future = exercise::on_thread([&calls] { return ++calls; });
            auto moved = std::move(future);
        }
        CHECK_MESSAGE(calls == 0, "the function ran, although nothing polled the future. Start the thread in `poll`.");
    }

    TEST_CASE("the end of the function wakes the task") {
        Gate gate;
        CountingWaker bell;
        Waker const waker = bell.waker();
        auto future = exercise::on_thread([&gate] { return gate.pass(); });
        step("poll: the function has not returned");
        CHECK(poll_with(future, waker) == rt::Pending);
        CHECK(bell.wakes() == 0);
        step("let the function return");
        gate.let_it_end();
        CHECK_MESSAGE(
            bell.wakes() == 1,
            "the function has returned, but the task was not woken exactly once. Store the value, and then wake.");
        step("poll");
        CHECK(poll_with(future, waker) == rt::Ready(7));
    }

    TEST_CASE("the value is there before the wake") {
        Gate gate;
        auto future = exercise::on_thread([&gate] { return gate.pass(); });
        bool is_ready = false;
        CallingWaker polling([&] { is_ready = poll_with(future, Waker::noop()).is_ready(); });
        step("poll with a waker that polls again when it is woken");
        CHECK(poll_with(future, polling.waker()) == rt::Pending);
        step("let the function return");
        gate.let_it_end();
        CHECK_MESSAGE(is_ready, "the wake came before the value. Store the value first, and then wake.");
    }

    TEST_CASE("the newest waker is woken") {
        Gate gate;
        CountingWaker old_bell;
        CountingWaker new_bell;
        auto future = exercise::on_thread([&gate] { return gate.pass(); });
        step("poll with one waker, then with another");
        CHECK(poll_with(future, old_bell.waker()) == rt::Pending);
        CHECK(poll_with(future, new_bell.waker()) == rt::Pending);
        step("let the function return");
        gate.let_it_end();
        CHECK_MESSAGE(new_bell.wakes() == 1, "the newest waker was not woken. Register the waker in every poll.");
        CHECK(old_bell.wakes() == 0);
    }

    TEST_CASE("no wake is lost when the function returns in the middle of a poll") {
        for (int at = 0, accesses = 0; at <= accesses; ++at) {
            Gate gate;
            CountingWaker old_bell;
            CountingWaker new_bell;
            auto future = exercise::on_thread([&gate] { return gate.pass(); });
            CHECK(poll_with(future, old_bell.waker()) == rt::Pending);
            step("poll with another waker. After access {} to the slot the function returns, and its thread ends", at);
            auto end_the_thread = [&gate, at](int access, auto&) {
                if (access == at) {
                    gate.let_it_end();
                }
            };
            bool is_ready = false;
            Steps::between(end_the_thread, [&] { is_ready = poll_with(future, new_bell.waker()).is_ready(); });
            accesses = Steps::accesses;
            if (accesses == 0) {
                gate.let_it_end();  // because the destructor of the future waits for it
            }
            REQUIRE_MESSAGE(accesses > 0,
                            "the second poll did not touch a rt::WakerSlot. Register the waker in every poll.");
            CHECK_MESSAGE(
                (is_ready || new_bell.wakes() > 0),
                "poll returned Pending, and nothing wakes the task any more. Register the waker first, and then "
                "look whether the function has returned.");
        }
    }

    TEST_CASE("its destructor waits until the function has returned") {
        static rt::Atomic<bool> may_return{false};
        static rt::Atomic<bool> has_returned{false};
        rt::Atomic<bool> is_destroyed{false};
        auto cook = [] {
            yield_thread_until([] { return may_return.load(); });
            has_returned.store(true);
            return 7;
        };
        auto future = std::make_unique<decltype(exercise::on_thread(cook))>(exercise::on_thread(cook));
        CHECK(poll_with(*future, Waker::noop()) == rt::Pending);
        step("destroy the future. The function returns when this thread waits, or has destroyed the future");
        TestThread other([&is_destroyed, destroyer = rt::sys::thread_id()] {
            yield_thread_until([&] { return is_destroyed.load() || !rt::sys::is_runnable(destroyer); });
            may_return.store(true);
        });
        future.reset();
        is_destroyed.store(true);
        CHECK_MESSAGE(
            has_returned.load(),
            "the future was destroyed while its function was still running. Join the thread in the destructor.");
    }

    TEST_CASE("it keeps the contract") {
        expect_violation("polled after Ready", [] {
            auto future = exercise::on_thread([] { return 7; });
            (void)rt::block_on(rt::by_ref(future));
            (void)poll_with(future, Waker::noop());
        });
    }
}
