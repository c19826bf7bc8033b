/// \file
/// 10.2: tasks that are spawned while no runtime runs, and more tasks than one turn can poll.
// Judges 10.1 too: the bound on the polls of one turn, and what is polled when main is not woken.
#include "counting_park.hpp"
#include "notes.hpp"
#include "run_by_hand.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join.hpp>
#include <rt/park.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/task.hpp>
#include <rt/task_list.hpp>
#include <rt/violation.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

/// Yields until `*stop`.
rt::Async<> take_turns_until(const bool* stop, int* polls) {
    while (!*stop) {
        ++*polls;
        co_await rt::yield_now();
    }
}

}  // namespace

TEST_SUITE("10.2 sleep and wakes from elsewhere") {
    TEST_CASE("one queue is moved to the end of another") {
        NoSchedule schedule;
        std::vector<int> ran;
        rt::TaskQueue queue;
        rt::TaskQueue other;
        step("append an empty queue, then a queue of two, to an empty one");
        queue.append(other);
        CHECK(queue.is_empty());
        other.push(rt::make_task(note_number(&ran, 1), schedule).first);
        other.push(rt::make_task(note_number(&ran, 2), schedule).first);
        queue.append(other);
        if (!other.is_empty()) {
            rt::violation(
                "`append` left the tasks in the other queue, so two queues own them and destroy them. Empty the other queue.");
        }
        CHECK(other.size() == 0);
        CHECK(queue.size() == 2);
        step("append a queue of one, and push one more");
        other.push(rt::make_task(note_number(&ran, 3), schedule).first);
        queue.append(other);
        queue.push(rt::make_task(note_number(&ran, 4), schedule).first);
        CHECK(queue.size() == 4);
        while (auto runnable = queue.pop()) {
            std::move(*runnable).run();
        }
        CHECK(ran == std::vector<int>{1, 2, 3, 4});
    }

    TEST_CASE("a task that is woken alone is run without main") {
        CountingPark park;
        Remote<> kettle("the kettle");
        rt::CurrentThread runtime(park);
        rt::JoinHandle<> water = runtime.spawn(kettle.future());
        park.instead_of_sleep([&] {
            if (kettle.polls() == 0) {
                rt::violation(
                    "the runtime sleeps, and hasn't polled the task that was spawned from outside. Set `has_remote_` when you "
                    "push, and take the tasks over before you run the queue.");
            }
            kettle.finish();
            step("the kettle's task was woken, and main was not: block_on runs the task in every case");
        });
        int polls_of_main = 0;
        runtime.block_on(rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
            ++polls_of_main;
            return water.poll(cx);
        }));
        CHECK_MESSAGE(
            polls_of_main == 2,
            "main was polled, although nobody had woken it. In block_on, poll main only if `take_wake()` returned true.");
    }

    TEST_CASE("spawned from outside before the runtime runs") {
        rt::CurrentThread runtime;
        Remote<int> kettle("the kettle");
        step("spawn on the runtime that does not run");
        auto handle = runtime.spawn(kettle.future());
        CHECK(kettle.polls() == 0);
        CHECK(runtime.task_count() == 1);
        kettle.finish(3);
        CHECK(runtime.block_on(std::move(handle)) == 3);
        CHECK(kettle.polls() == 1);
    }

    TEST_CASE("a task that never rests does not starve main and main does not starve it") {
        rt::CurrentThread runtime;
        bool stop = false;
        int polls = 0;
        runtime.spawn(take_turns_until(&stop, &polls)).detach();
        step("main yields a hundred times");
        runtime.block_on(rt::Countdown(100));
        CHECK_MESSAGE(
            polls >= 100,
            "the task had fewer turns than main. A turn goes on until no task is ready, or until `polls_` has reached 61. "
            "So a task that wakes itself is run again in the same turn.");
        CHECK(polls <= 100 * static_cast<int>(rt::CurrentThread::look_interval));
        stop = true;
        runtime.block_on(rt::Countdown(2));
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("a thousand tasks are polled as often as they ask and no more") {
        rt::CurrentThread runtime;
        std::vector<int> polls(1000);
        step("task n yields n % 7 times");
        auto main = [](std::vector<int>* counts) -> rt::Async<> {
            std::vector<rt::JoinHandle<>> handles;
            for (int n = 0; n < 1000; ++n) {
                auto counted = [count = &(*counts)[static_cast<std::size_t>(n)],
                                left = n % 7](rt::Context& cx) mutable {
                    ++*count;
                    if (left-- == 0) {
                        return rt::Poll<void>(Ready());
                    }
                    cx.waker().wake_by_ref();
                    return rt::Poll<void>(Pending);
                };
                handles.push_back(rt::spawn(rt::poll_fn(counted)));
            }
            co_await rt::join_all(std::move(handles));
        };
        runtime.block_on(main(&polls));
        int wrong = 0;
        for (int n = 0; n < 1000; ++n) {
            wrong += polls[static_cast<std::size_t>(n)] != n % 7 + 1;
        }
        CHECK(wrong == 0);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("the value of a task that is done waits longer than the runtime") {
        std::optional<rt::JoinHandle<std::string>> handle;
        {
            rt::CurrentThread runtime;
            handle = runtime.spawn(rt::ready(std::string("tea")));
            runtime.block_on(rt::Countdown(1));
        }
        auto mock = spawn_mock("the handle", *std::exchange(handle, std::nullopt));
        CHECK(mock.poll() == Ready(std::string("tea")));
    }

    TEST_CASE("a thread that ends may still run a runtime") {
        struct LastWords {
            int* said;
            ~LastWords() {
                rt::CurrentThread runtime;
                *said = runtime.block_on(runtime.spawn(rt::ready(3)));
            }
        };
        int said = 0;
        step("a thread makes a thread_local, runs a runtime, and ends");
        TestThread ending([&said] {
            thread_local LastWords const last_words{&said};  // destroyed after what the first runtime has made
            rt::CurrentThread runtime;
            runtime.block_on(runtime.spawn(rt::ready()));
        });
        ending.join();
        CHECK(said == 3);
    }

    TEST_CASE("a park that wraps and a base that changes") {
        /// Passes on to the base, as the timers do.
        struct Around final : rt::Park {
            explicit Around(rt::Scheduler& scheduler) : base(scheduler.base_park()) { scheduler.wrap_park(*this); }
            void park(std::optional<rt::Instant> deadline) override {
                ++parks;
                base.park(deadline);
            }
            void unpark() noexcept override {
                ++unparks;
                base.unpark();
            }
            rt::Park& base;
            int parks = 0;
            int unparks = 0;
        };
        CountingPark first;
        CountingPark second;
        Remote<> kettle("the kettle");
        rt::CurrentThread runtime(first);
        Around& around = runtime.service<Around>();
        step("sleep: around the first");
        first.instead_of_sleep([&] { kettle.wake_for_nothing(); });
        second.instead_of_sleep([&] { kettle.finish(); });
        runtime.block_on(rt::Countdown(rt::CurrentThread::look_interval));
        REQUIRE_MESSAGE(
            first.looks() + first.sleeps() > 0,
            "the runtime didn't look around after 61 polls. Call the Park also if something is ready, with `no_wait`.");
        bool const is_asked = around.parks > 0;
        CHECK_MESSAGE(
            is_asked,
            "the runtime looked around in the innermost Park, so the Park around it, for example the timers, was not "
            "asked. Call `park().park`.");
        CHECK_MESSAGE(
            first.looks() == 1,
            "the runtime slept, although main was woken. Ask `is_idle()`, which knows of main and of the tasks.");
        step("change the base: around the second");
        runtime.set_base(second);
        runtime.block_on(kettle.future());
        CHECK(first.sleeps() == 0);
        CHECK(second.sleeps() == 2);  // the token of the change, and the sleep
        CHECK_MESSAGE(
            around.parks == 3,
            "the runtime didn't call `park().park` once in each look around. Call it once: with `std::nullopt` if nothing is "
            "ready, and otherwise with `no_wait`.");
        step("schedule a task from outside of the runtime");
        int const unparks_before = around.unparks;
        int const unparks_of_base = second.unparks();
        runtime.spawn(rt::ready()).detach();
        REQUIRE_MESSAGE(second.unparks() > unparks_of_base,
                        "a task was spawned from outside, and nothing ended the sleep of the runtime. `launch` calls "
                        "`schedule`, which unparks after each push.");
        CHECK_MESSAGE(
            around.unparks == unparks_before + 1,
            "schedule unparked the innermost Park, so the Park around it, for example the timers, heard nothing. Call "
            "`park().unpark()`.");
        runtime.turn();
        CHECK(runtime.task_count() == 0);
    }
}
