// What an abort and a dropped Runnable do to the state word.
// It is compiled by itself, because stepped_task.hpp includes headers with other names (#define, #undef).
#include "counting_queue.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/story.hpp>

#include <memory>
#include <optional>
#include <utility>

using namespace support;
using rt::Pending;

TEST_SUITE("09.4 abort step by step") {
    TEST_CASE("an abort of a sleeping task makes a Runnable with a reference") {
        CountingQueue queue;
        rt::Waker waker;
        auto [runnable, handle] = rt::make_stepped_task(rt::poll_fn([&waker](rt::Context& cx) -> rt::Poll<void> {
                                                            waker = cx.waker();
                                                            return Pending;
                                                        }),
                                                        queue);
        rt::SteppedTask& task = runnable.task();
        step("run a new task, which keeps one waker and is Pending");
        std::move(runnable).run();
        step("abort it");
        handle.abort();
        REQUIRE_MESSAGE(
            queue.waiting() == 1,
            "the abort of a sleeping task queued nothing. `state_.abort()` sets `notified` as a wake does, and its answer "
            "says whether you must make a Runnable.");
        unsigned const counted = references(task);
        if (counted == 1) {  // so that the rest of the test finds its task
            with_word_of(task, [](rt::Atomic<unsigned>& word) { word.fetch_add(one_reference); });
        }
        CHECK_MESSAGE(
            counted == 2,
            "the handle keeps its hold on the task, so the Runnable of an abort needs a reference of its own");
        CHECK_MESSAGE(
            queue.references_when_scheduled() == 2,
            "the Runnable was scheduled before it had its reference. Another thread may run it at once, and destroy the "
            "task. Take the reference first.");
        CHECK(queue.run_one());
        CHECK(references(task) == 1);
    }

    TEST_CASE("a Runnable that is dropped begins and ends a run") {
        CountingQueue queue;
        const rt::SteppedTask* task = nullptr;
        unsigned word = 0;
        std::shared_ptr<void> at_the_end(nullptr, [&](void*) { word = word_of(*task); });
        auto work = [at_the_end = std::move(at_the_end)](rt::Context&) -> rt::Poll<void> { return Pending; };
        auto [runnable, handle] = rt::make_stepped_task(rt::poll_fn(std::move(work)), queue);
        task = &runnable.task();
        step("drop the Runnable of a new task");
        std::optional(std::move(runnable)).reset();
        CHECK_MESSAGE(
            (word & running_bit) != 0,
            "the future was destroyed, but `start` was not called before. Set the abort's bit, and then run the task.");
        CHECK_MESSAGE((word_of(*task) & running_bit) == 0,
                      "the task has ended, but its state word still says that a thread is in its future. Call `start` "
                      "before `complete`.");
    }
}
