#include "notes.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/violation.hpp>
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

TEST_SUITE("10.1 the run queue") {
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

    TEST_CASE("main and each task begin with a fresh budget") {
        rt::CurrentThread runtime;
        auto take_all = [](rt::Context& cx) {
            rt::budget::Share share;
            int taken = 0;
            for (; taken < 1000 && share.poll_proceed(cx); ++taken) {
                rt::budget::spend();
            }
            return taken;
        };
        int by_task = 0;
        int by_main[2] = {};
        auto main = [&, polls = 0](rt::Context& cx) mutable -> rt::Poll<void> {
            by_main[polls] = take_all(cx);
            if (++polls == 2) {
                return Ready();
            }
            cx.waker().wake_by_ref();
            rt::spawn(rt::poll_fn([&](rt::Context& task_cx) -> rt::Poll<void> {
                by_task = take_all(task_cx);
                return Ready();
            })).detach();
            return Pending;
        };
        step("main takes all that it may, spawns a task that does so, and takes all once more");
        runtime.block_on(rt::poll_fn(main));
        bool const main_is_fresh = by_main[0] == 128 && by_main[1] == 128;
        CHECK_MESSAGE(main_is_fresh,
                      "main was polled without a fresh budget. Call `poll_main`, which begins the poll.");
        CHECK_MESSAGE(by_task == 128,
                      "a task was polled with what was left of another's budget. Call `begin_poll` before you run it.");
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

    TEST_CASE("block_on inside of a task is one sentence") {
        expect_violation(
            "block_on inside a future",
            [] {
                rt::CurrentThread runtime;
                auto main = [](rt::CurrentThread* own) -> rt::Async<> {
                    auto nested = rt::poll_fn(
                        [own](rt::Context&) -> rt::Poll<int> { return Ready(own->block_on(rt::ready(3))); });
                    auto task = rt::spawn(std::move(nested));
                    co_await task;
                };
                runtime.block_on(main(&runtime));
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

    TEST_CASE("a main future that keeps no waker is named") {
        expect_violation("block_on's future returned Pending but kept no waker", [] {
            rt::CurrentThread runtime;
            runtime.block_on(rt::poll_fn([polls = 0](rt::Context&) mutable -> rt::Poll<void> {
                if (++polls == 2) {
                    rt::violation(
                        "main was polled once more, although nobody had woken it. Ask `main_flag_.take_wake()`, which "
                        "clears the flag, and poll with `poll_main`.");
                }
                return Pending;
            }));
        });
    }

    TEST_CASE("a detached task that keeps no waker is named with its place") {
        expect_violation("10.1-the-rules.cpp:", [] {
            rt::CurrentThread runtime;
            runtime.block_on(rt::poll_fn([polls = 0](rt::Context& cx) mutable -> rt::Poll<void> {
                if (++polls == 3) {
                    return Ready();
                }
                if (polls == 1) {
                    rt::spawn(rt::poll_fn([](rt::Context&) -> rt::Poll<void> { return Pending; })).detach();
                }
                cx.waker().wake_by_ref();
                return Pending;
            }));
        });
    }

    TEST_CASE("main's waker may outlive the runtime") {
        rt::Waker left_over;
        {
            rt::CurrentThread runtime;
            runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                left_over = cx.waker();
                return Ready();
            }));
        }
        step("wake the waker that was left over, on another thread and here");
        TestThread([&] { left_over.wake_by_ref(); }).join();
        std::move(left_over).wake();
    }

    TEST_CASE("main's old waker in a new block_on is one poll too many and nothing else") {
        rt::CurrentThread runtime;
        rt::Waker old;
        runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
            old = cx.waker();
            return Ready();
        }));
        old.wake_by_ref();
        int polls = 0;
        runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
            if (++polls == 1) {
                std::move(old).wake();
                CHECK_FALSE(cx.waker().will_wake(old));
                return Pending;
            }
            return Ready();
        }));
        CHECK(polls == 2);
    }

    TEST_CASE("main's future is destroyed while its runtime is the current one") {
        rt::CurrentThread runtime;
        bool had_runtime = false;
        struct AtTheEnd {
            explicit AtTheEnd(bool* r) : result(r) {}
            AtTheEnd(AtTheEnd&& other) noexcept : result(std::exchange(other.result, nullptr)) {}
            ~AtTheEnd() {
                if (result != nullptr) {
                    *result = rt::try_current() != nullptr;
                }
            }
            bool* result;
        };
        auto main = rt::poll_fn([end = AtTheEnd(&had_runtime)](rt::Context&) -> rt::Poll<void> { return Ready(); });
        runtime.block_on(std::move(main));
        CHECK(had_runtime);
        CHECK(rt::try_current() == nullptr);
    }

    TEST_CASE("a runtime that is destroyed inside of a future says so") {
        auto destroy = [](std::unique_ptr<rt::CurrentThread> other) -> rt::Async<> {
            other.reset();
            co_return;
        };
        constexpr const char* sentence = "CurrentThread: was destroyed inside a future";
        step("another runtime, which has never run");
        expect_violation(
            sentence, [&] { rt::CurrentThread().block_on(destroy(std::make_unique<rt::CurrentThread>())); },
            Noticed::in_every_build);
        step("its own");
        expect_violation(
            sentence,
            [] {
                auto runtime = std::make_unique<rt::CurrentThread>();
                rt::CurrentThread& its_own = *runtime;
                its_own.block_on(rt::poll_fn([&](rt::Context&) -> rt::Poll<void> {
                    runtime.reset();
                    return rt::Ready();
                }));
            },
            Noticed::in_every_build);
        step("a turn inside of a future is a mistake of its own");
        expect_violation(
            "CurrentThread::turn was called inside a future",
            [] {
                rt::CurrentThread runtime;
                runtime.block_on(
                    rt::poll_fn([&](rt::Context&) -> rt::Poll<bool> { return rt::Ready(runtime.turn()); }));
            },
            Noticed::in_every_build);
    }
}
