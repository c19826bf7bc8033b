// What another thread does to the runtime at each moment, played on one thread.
// It is compiled by itself, because stepped_current_thread.hpp includes headers with other names (#define, #undef).
#include "stepped_current_thread.hpp"

#include "counting_park.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <support/counted_future.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <memory>

using namespace support;

namespace {

/// A runtime with two tasks, which wait for their kettles.
struct TwoTasks {
    CountingPark park;
    Remote<> first{"the first kettle"};
    Remote<> second{"the second kettle"};
    std::unique_ptr<rt::SteppedCurrentThread> runtime = std::make_unique<rt::SteppedCurrentThread>(park);

    TwoTasks() {
        runtime->spawn(first.future()).detach();
        runtime->spawn(second.future()).detach();
        step("run two tasks, which are Pending");
        runtime->turn();
        uses_without_lock = 0;
    }
    /// Ends the tasks, because a runtime that still has some can't be destroyed before step 10.3.
    ~TwoTasks() {
        first.finish();
        second.finish();
        runtime->turn();
        if (runtime->task_count() != 0) {
            (void)runtime.release();
        }
    }
};

}  // namespace

TEST_SUITE("10.2 sleep and wakes from elsewhere step by step") {
    TEST_CASE("both threads lock the remote queue") {
        TwoTasks two;
        step("another thread wakes a task");  // it has no current runtime, as this thread has none now
        two.first.finish();
        CHECK_MESSAGE(
            uses_without_lock == 0,
            "`schedule` pushed to `remote_` without its lock, while the runtime may take it over. Lock first.");
        uses_without_lock = 0;
        step("the runtime takes the task over");
        two.runtime->turn();
        CHECK_MESSAGE(
            uses_without_lock == 0,
            "the runtime used `remote_` without its lock, while another thread may push. Lock before you append.");
        CHECK(two.first.polls() == 2);
    }

    TEST_CASE("a task is run when the lock of the remote queue is free") {
        TwoTasks two;
        bool is_locked = false;
        step("spawn a task from outside");
        auto work = [&is_locked](rt::Context&) -> rt::Poll<void> {
            is_locked = holds_remote_mutex;
            return rt::Ready();
        };
        two.runtime->spawn(rt::poll_fn(work)).detach();
        step("the runtime takes it over, and runs it");
        two.runtime->turn();
        CHECK_MESSAGE(
            !is_locked,
            "a task was run under the lock of `remote_`, and meanwhile no other thread can wake a task. Take the "
            "tasks over, release the lock, and then run them.");
    }

    TEST_CASE("a push after the runtime has taken the others over ends its sleep") {
        TwoTasks two;
        two.first.finish();
        int unparks = -1;
        before_next_lock = [&] {
            step("before it has the lock, the runtime takes the first task over");
            two.runtime->turn();
            unparks = two.park.unparks();
        };
        step("another thread wakes the second task");
        two.second.finish();
        before_next_lock = nullptr;
        CHECK_MESSAGE(
            two.park.unparks() > unparks,
            "a Runnable was pushed, and nobody unparked the runtime, which may sleep since it took the others over. "
            "What `schedule` reads before it has the lock may be old. Unpark after each push.");
    }

    TEST_CASE("a wake while the runtime takes the remote queue over is not lost") {
        TwoTasks two;
        two.first.finish();
        after_next_unlock_of_remote = [&] {
            step("the runtime has released the lock, and another thread wakes the second task");
            TestThread([&] { two.second.finish(); }).join();
        };
        step("the runtime takes the first task over");
        two.runtime->turn();
        after_next_unlock_of_remote = nullptr;
        step("the runtime looks again");
        two.runtime->turn();
        CHECK_MESSAGE(
            two.second.polls() == 2,
            "a task was pushed just after the runtime had released the lock, and then has_remote_ was set to false, so the "
            "runtime never looks. Clear it before you release the lock.");
    }

    TEST_CASE("a runtime that looks while another thread is about to push finds the task later") {
        TwoTasks two;
        before_next_lock = [&] {
            step("before it has the lock, the runtime looks");
            two.runtime->turn();
        };
        step("another thread wakes a task");
        two.first.finish();
        before_next_lock = nullptr;
        step("the runtime looks again");
        two.runtime->turn();
        CHECK_MESSAGE(
            two.first.polls() == 2,
            "has_remote_ was set before the Runnable was in `remote_`. The runtime found nothing, and cleared it, so it "
            "never looks again. Push first, under the lock.");
    }
}
