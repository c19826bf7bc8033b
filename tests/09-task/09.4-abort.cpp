// Judges 09.3 too: what a handle gives whose task was cancelled.
#include "queue.hpp"
#include "start.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/task.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/trace_log.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

TEST_SUITE("09.4 abort") {
    TEST_CASE("aborted before its first run") {
        Queue queue;
        Remote<int> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        CHECK(handle.poll() == Pending);
        step("abort the task");
        handle.future().abort();
        CHECK(kettle.drops() == 0);  // not here: its runtime's thread sees to it
        CHECK(queue.schedules() == 0);
        CHECK(queue.run_one());
        CHECK(kettle.polls() == 0);
        CHECK(kettle.drops() == 1);
        CHECK(handle.is_woken());
        CHECK_THROWS_AS((void)handle.poll(), rt::Cancelled);
    }

    TEST_CASE("aborted while asleep") {
        Queue queue;
        Remote<int> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future()));
        CHECK(queue.run_one());
        CHECK(handle.poll() == Pending);
        step("abort the task twice");
        handle.future().abort();
        handle.future().abort();
        CHECK_MESSAGE(
            queue.schedules() == 1,
            "an abort of a sleeping task queues it once. `state_.abort()` sets `notified` as a wake does, and its answer "
            "says whether you must make a Runnable.");
        CHECK(kettle.drops() == 0);
        step("a wake comes too");
        kettle.finish(3);
        CHECK(queue.schedules() == 1);
        CHECK(queue.run_one());
        CHECK_FALSE(queue.run_one());
        CHECK(kettle.polls() == 1);
        CHECK(kettle.drops() == 1);
        CHECK(handle.wakes() == 1);
        CHECK_THROWS_AS((void)handle.poll(), rt::Cancelled);
    }

    TEST_CASE("an abort takes a reference for the Runnable") {
        Queue queue;
        DropCounter futures;
        rt::Waker waker;
        auto handle = start(queue, rt::poll_fn([&, token = futures.token()](rt::Context& cx) -> rt::Poll<void> {
                                waker = cx.waker();
                                return Pending;
                            }));
        CHECK(queue.run_one());
        step("abort the task, and drop its handle and its waker");
        handle.abort();
        handle.detach();
        waker = rt::Waker();
        REQUIRE_MESSAGE(futures.alive() == 1,
                        "the Runnable in the queue keeps the task alive, because it has a reference");
        CHECK(queue.run_one());
        CHECK(futures.alive() == 0);
    }

    TEST_CASE("aborted in its poll which is Pending") {
        Queue queue;
        DropCounter futures;
        std::optional<rt::JoinHandle<>> handle;
        int polls = 0;
        handle = start(queue, rt::poll_fn([&, token = futures.token()](rt::Context&) -> rt::Poll<void> {
                           ++polls;
                           handle->abort();
                           CHECK(futures.alive() == 1);
                           return Pending;
                       }));
        CHECK(queue.run_one());
        CHECK(queue.waiting() == 1);
        CHECK(futures.alive() == 1);
        CHECK(queue.run_one());
        CHECK(polls == 1);
        CHECK(futures.alive() == 0);
        auto mock = spawn_mock("the handle", *std::exchange(handle, std::nullopt));
        CHECK_THROWS_AS((void)mock.poll(), rt::Cancelled);
    }

    TEST_CASE("aborted in its poll which is Ready: the value stays") {
        Queue queue;
        std::optional<rt::JoinHandle<int>> handle;
        handle = start(queue, rt::poll_fn([&](rt::Context&) -> rt::Poll<int> {
                           handle->abort();
                           return Ready(3);
                       }));
        CHECK(queue.run_one());
        CHECK(queue.waiting() == 0);
        auto mock = spawn_mock("the handle", *std::exchange(handle, std::nullopt));
        CHECK(mock.poll() == Ready(3));
    }

    TEST_CASE("aborted when it is done: the value stays") {
        Queue queue;
        auto handle = spawn_mock("the handle", start(queue, rt::ready(3)));
        CHECK(queue.run_one());
        step("abort the task");
        handle.future().abort();
        CHECK(queue.waiting() == 0);
        CHECK(handle.poll() == Ready(3));
    }

    TEST_CASE("a handle gives Cancelled once") {
        auto expect_once = [](auto take) {
            expect_violation(
                "a JoinHandle was used after it gave its outcome",
                [take] {
                    Queue queue;
                    auto [runnable, handle] = rt::make_task(rt::pending<int>(), queue);
                    queue.start(std::move(runnable));
                    handle.abort();
                    queue.run_one();
                    for (int times = 0; times < 2; ++times) {
                        try {
                            take(handle);
                        } catch (const rt::Cancelled&) {
                            step("Cancelled");
                        }
                    }
                },
                Noticed::in_every_build);
        };
        expect_once([](rt::JoinHandle<int>& handle) { (void)handle.take_result(); });
        expect_once([](rt::JoinHandle<int>& handle) {
            rt::Waker const waker = rt::Waker::noop();
            rt::Context cx(waker);
            (void)handle.poll(cx);
        });
    }

    TEST_CASE("aborted and detached: it ends without a word") {
        Queue queue;
        Remote<int> kettle("the kettle");
        rt::JoinHandle<int> handle = start(queue, kettle.future(), rt::Owned::yes);
        CHECK(queue.run_one());
        step("abort the task, and drop the handle");
        auto end_it = [&] {
            handle.abort();
            handle.detach();
            queue.run_one();
        };
        CHECK(run_in_a_child(end_it).printed == "");
        end_it();
        CHECK(kettle.drops() == 1);
        CHECK(queue.finished() == 1);
    }

    TEST_CASE("aborted and detached: the exception of its last poll is nobody's business") {
        Ended const ended = run_in_a_child([] {
            Queue queue;
            rt::JoinHandle<> handle(nullptr);
            handle = start(queue, rt::poll_fn([&handle](rt::Context&) -> rt::Poll<void> {
                               handle.abort();
                               throw std::runtime_error("too late");
                           }));
            queue.run_one();
            handle.detach();
        });
        CHECK(ended.printed == "");
    }

    TEST_CASE("a Runnable that is dropped cancels its task") {
        Queue queue;
        Remote<int> kettle("the kettle");
        auto handle = spawn_mock("the handle", start(queue, kettle.future(), rt::Owned::yes));
        CHECK(handle.poll() == Pending);
        SUBCASE("before the first poll") {
            queue.take();
            CHECK(kettle.polls() == 0);
        }
        SUBCASE("after a wake") {
            CHECK(queue.run_one());
            kettle.finish(3);
            queue.take();
            CHECK(kettle.polls() == 1);
        }
        CHECK(kettle.drops() == 1);
        CHECK(queue.finished() == 1);
        CHECK(handle.is_woken());
        CHECK_THROWS_AS((void)handle.poll(), rt::Cancelled);
    }

    TEST_CASE("the last waker becomes a Runnable that is dropped") {
        Queue queue;
        DropCounter futures;
        rt::Waker waker;
        start(queue, rt::poll_fn([&, token = futures.token()](rt::Context& cx) -> rt::Poll<void> {
                  waker = cx.waker();
                  return Pending;
              }))
            .detach();
        CHECK(queue.run_one());
        std::move(waker).wake();
        CHECK(queue.schedules() == 1);
        CHECK(futures.alive() == 1);
        step("drop the Runnable");
        queue.take();
        CHECK(futures.alive() == 0);
    }

    TEST_CASE("a Runnable that is assigned to cancels the task it had") {
        Queue queue;
        Remote<int> first("the first kettle");
        Remote<int> second("the second kettle");
        auto [runnable, handle] = rt::make_task(first.future(), queue);
        auto [other_runnable, other_handle] = rt::make_task(second.future(), queue);
        step("assign the Runnable of another task");
        runnable = std::move(other_runnable);
        CHECK(first.drops() == 1);
        CHECK_THROWS_AS((void)handle.take_result(), rt::Cancelled);
        CHECK(second.drops() == 0);
        second.finish(3);
        std::move(runnable).run();
        CHECK(other_handle.take_result() == 3);
    }

    TEST_CASE("rt::pending is allowed to wait for ever") {
        Queue queue;
        auto [runnable, handle] = rt::make_task(rt::pending<>(), queue, rt::Owned::yes);
        rt::Task& task = runnable.task();
        queue.start(std::move(runnable));
        handle.detach();
        CHECK(queue.run_one());
        CHECK_FALSE(task.is_finished());
        step("its list aborts it so that it ends");
        task.abort();
        CHECK(queue.run_one());
        CHECK(queue.finished() == 1);
    }

    TEST_CASE("a waker that is left over finds nothing to do") {
        Queue queue;
        rt::Waker waker;
        auto handle = start(queue, rt::poll_fn([&](rt::Context& cx) -> rt::Poll<void> {
                                waker = cx.waker();
                                return Pending;
                            }));
        CHECK(queue.run_one());
        handle.abort();
        CHECK(queue.run_one());
        step("wake the task that was aborted");
        waker.wake_by_ref();
        std::move(waker).wake();
        CHECK(queue.waiting() == 0);
        CHECK(handle.is_finished());
    }

    TEST_CASE("a future that wakes its own task while it is destroyed") {
        struct WakesAtTheEnd {
            using Output = void;
            explicit WakesAtTheEnd(rt::Waker w) : waker(std::move(w)) {}
            WakesAtTheEnd(WakesAtTheEnd&&) = default;
            ~WakesAtTheEnd() {
                if (waker) {
                    waker.wake_by_ref();
                }
            }
            rt::Poll<void> poll(rt::Context& cx) {
                waker = cx.waker();
                return Pending;
            }
            rt::Waker waker;
        };
        Queue queue;
        auto handle = spawn_mock("the handle", start(queue, WakesAtTheEnd(rt::Waker())));
        CHECK(queue.run_one());
        handle.future().abort();
        CHECK(queue.run_one());
        CHECK_FALSE(queue.run_one());
        CHECK_THROWS_AS((void)handle.poll(), rt::Cancelled);
    }

    TEST_CASE("what is announced: an abort word for word") {
        TraceLog log;
        Queue queue;
        auto [runnable, handle] = rt::make_task(rt::pending<>(), queue);
        log.call(&runnable.task(), "the task");
        queue.start(std::move(runnable));
        CHECK(queue.run_one());
        handle.abort();
        CHECK(queue.run_one());
        INFO("an abort is announced as `abort the task`, by the given line. Announce nothing else.");
        CHECK(log.text() ==
              "spawn #1\n"
              "poll the task\n"
              "polled the task: Pending\n"
              "abort the task\n"
              "drop the task\n");
    }
}
