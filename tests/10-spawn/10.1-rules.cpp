#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <stdexcept>
#include <string>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

TEST_SUITE("10.1 the rules of a runtime") {
    TEST_CASE("an always-ready source has its budget") {
        rt::CurrentThread runtime;
        Notes notes;
        auto drain = [](Notes* out, int total) -> rt::Async<> {
            int in_one_poll = 0;
            for (int n = 0; n < total; ++n) {
                bool was_pending = false;
                rt::budget::Share share;
                auto source = rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                    if (!share.poll_proceed(cx)) {
                        was_pending = true;
                        return Pending;
                    }
                    rt::budget::spend();
                    return Ready();
                });
                co_await source;
                if (was_pending) {
                    out->push_back(std::to_string(in_one_poll));
                    in_one_poll = 0;
                }
                ++in_one_poll;
            }
            out->push_back(std::to_string(in_one_poll));
        };
        auto main = [](Notes* out, auto draining) -> rt::Async<> {
            auto source = rt::spawn(draining(out, 300));
            auto other = rt::spawn(take_turns(out, "other", 3));
            co_await source;
            co_await other;
        };
        step("take 300 things that are all there, beside another task");
        runtime.block_on(main(&notes, drain));
        CHECK(notes == Notes{"other1", "128", "other2", "128", "44", "other3"});
    }

    TEST_CASE("outside of a runtime the budget does not end") {
        int taken = 0;
        rt::budget::Share share;
        auto all = rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
            for (int n = 0; n < 1000; ++n) {
                CHECK(share.poll_proceed(cx));
                rt::budget::spend();
                ++taken;
            }
            return Ready();
        });
        step("after a runtime has run");
        rt::CurrentThread().block_on(rt::Countdown(1));
        rt::block_on(std::move(all));
        CHECK(taken == 1000);
    }

    TEST_CASE("spawn outside of a runtime is one sentence") {
        expect_violation(
            "spawn: was used without a runtime. Use it inside a future that runtime.block_on or rt::run runs.",
            [] { rt::spawn(rt::ready()); }, Noticed::in_every_build);
        expect_violation(
            "spawn: was used without a runtime",
            [] {
                rt::block_on(rt::poll_fn([](rt::Context&) -> rt::Poll<void> {
                    rt::spawn(rt::ready());
                    return Ready();
                }));
            },
            Noticed::in_every_build);
        CHECK(rt::try_current() == nullptr);
    }

    TEST_CASE("block_on inside of a task is one sentence") {
        expect_violation(
            "block_on inside a future",
            [] {
                rt::CurrentThread runtime;
                auto nested =
                    rt::poll_fn([&](rt::Context&) -> rt::Poll<int> { return Ready(runtime.block_on(rt::ready(3))); });
                runtime.block_on(runtime.spawn(std::move(nested)));
            },
            Noticed::in_every_build);
        expect_violation(
            "block_on inside a future",
            [] {
                rt::CurrentThread runtime;
                runtime.block_on(
                    rt::poll_fn([](rt::Context&) -> rt::Poll<int> { return Ready(rt::block_on(rt::ready(3))); }));
            },
            Noticed::in_every_build);
    }

    TEST_CASE("a runtime belongs to the thread that made it") {
        expect_violation("was used on another thread than the one that made it", [] {
            rt::CurrentThread runtime;
            TestThread elsewhere([&] { runtime.block_on(rt::ready()); });
        });
    }

    TEST_CASE("a main future that keeps no waker is named") {
        expect_violation("block_on's future returned Pending but kept no waker", [] {
            rt::CurrentThread runtime;
            runtime.block_on(rt::poll_fn([](rt::Context&) -> rt::Poll<void> { return Pending; }));
        });
    }

    TEST_CASE("a detached task that keeps no waker is named with its place") {
        expect_violation("10.1-rules.cpp:", [] {
            rt::CurrentThread runtime;
            runtime.spawn(rt::poll_fn([](rt::Context&) -> rt::Poll<void> { return Pending; })).detach();
            runtime.block_on(rt::Countdown(3));
        });
    }
}
