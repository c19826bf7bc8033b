/// \file
/// 10.4: what other threads and wakers do to a set at the worst moment, played on one thread.
#include "stepped_join_set.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/runnable.hpp>
#include <rt/scheduler.hpp>
#include <rt/task_list.hpp>
#include <rt/waker.hpp>
#include <support/calling_waker.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>

#include <optional>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

/// A runtime that runs its tasks when the test says so.
class ByHand final : public rt::Scheduler {
  public:
    ~ByHand() { run_all(); }

    void schedule(rt::Runnable runnable) noexcept override { queue_.push(std::move(runnable)); }
    bool is_multi_threaded() const noexcept override { return false; }

    template <class F>
    void spawn_into(rt::JoinSet<int>& set, F future) {
        rt::EnterScheduler entered(*this);
        set.spawn(std::move(future));
    }

    void run_all() noexcept {
        while (auto runnable = queue_.pop()) {
            std::move(*runnable).run();
        }
    }

  private:
    void launch(rt::Runnable runnable) noexcept override { schedule(std::move(runnable)); }

    rt::TaskQueue queue_;
};

/// Polls `future` once with `waker`. True if it is Pending.
template <rt::Future F>
bool is_pending_with(const rt::Waker& waker, F& future) {
    rt::Context cx(waker);
    return future.poll(cx).is_pending();
}

}  // namespace

TEST_SUITE("10.4 JoinSet") {
    TEST_CASE("a member that ends while join_next looks is not lost") {
        ByHand runtime;
        rt::JoinSet<int> set;
        runtime.spawn_into(set, rt::ready(3));
        auto next = spawn_mock("join_next", set.join_next());
        after_next_unlock = [&] {
            step("another thread runs the member to its end, just after the first look");
            runtime.run_all();
        };
        rt::Poll<std::optional<int>> first_poll = next.poll();
        bool const is_told = first_poll.is_ready() || next.is_woken();
        CHECK_MESSAGE(
            is_told,
            "a member ended between the first look and register_waker, and nobody told the task. Look once more "
            "when the waker is registered.");
        if (first_poll.is_ready()) {
            CHECK_MESSAGE(
                first_poll.value() == 3,
                "a member had ended before the second look, but join_next returned another result or none, so its "
                "result is lost. Return what the second look returned.");
        } else {
            CHECK(next.poll() == Ready(std::optional(3)));
        }
    }

    TEST_CASE("a member that ends just after the second look is not lost") {
        ByHand runtime;
        rt::JoinSet<int> set;
        runtime.spawn_into(set, rt::ready(3));
        auto next = spawn_mock("join_next", set.join_next());
        bool has_ended = false;
        after_next_unlock = [&] {
            after_next_unlock = [&] {
                step("another thread runs the member to its end, just after the second look");
                runtime.run_all();
                has_ended = true;
            };
        };
        bool const is_told = next.poll().is_ready() || next.is_woken() || !has_ended;
        after_next_unlock = nullptr;
        CHECK_MESSAGE(
            is_told,
            "a member ended just after the second look, and nobody told the task, because its waker was not registered yet. "
            "Register the waker before the second look.");
        runtime.run_all();
    }

    TEST_CASE("the second look takes the lock too") {
        ByHand runtime;
        rt::JoinSet<int> set;
        runtime.spawn_into(set, rt::ready(3));
        bool has_looked_twice = false;
        after_next_unlock = [&] { after_next_unlock = [&] { has_looked_twice = true; }; };
        auto next = spawn_mock("join_next", set.join_next());
        CHECK(next.poll() == Pending);
        after_next_unlock = nullptr;
        CHECK_MESSAGE(
            has_looked_twice,
            "the second look read the queue without its lock, while another thread may change it. Call `try_join_next` "
            "again, which locks.");
        runtime.run_all();
    }

    TEST_CASE("the future of a member is destroyed before its result is there") {
        ByHand runtime;
        rt::JoinSet<int> set;
        Remote<int> kettle("the kettle");
        runtime.spawn_into(set, kettle.future());
        int drops = -1;
        CallingWaker waiter([&] { drops = kettle.drops(); });
        auto next = set.join_next();
        step("wait for the kettle with join_next, and let the kettle boil");
        CHECK(is_pending_with(waiter.waker(), next));
        runtime.run_all();
        kettle.finish(3);
        runtime.run_all();
        CHECK_MESSAGE(
            drops == 1,
            "the set woke join_next while the member's future still existed, with all that it holds. Destroy it "
            "first.");
    }

    TEST_CASE("another thread may take the result as soon as the member is in the queue") {
        ByHand runtime;
        rt::JoinSet<int> set;
        Remote<int> kettle("the kettle");
        runtime.spawn_into(set, kettle.future());
        runtime.run_all();
        kettle.finish(3);
        int drops_before_the_lock = -1;
        int drops_when_taken = -1;
        std::optional<int> taken;
        before_next_lock_of_set = [&] { drops_before_the_lock = kettle.drops(); };
        after_next_unlock = [&] {
            step("the member's task has released the lock, and another thread takes the result");
            taken = set.try_join_next();
            drops_when_taken = kettle.drops();
        };
        step("the member's task ends");
        runtime.run_all();
        before_next_lock_of_set = nullptr;
        after_next_unlock = nullptr;
        CHECK_MESSAGE(
            taken == 3,
            "the member was not in the queue when its task released the set's lock. Lock, put the member into the queue, "
            "and then unlock.");
        if (taken) {
            CHECK_MESSAGE(
                drops_when_taken == 1,
                "another thread took the result while the member's future still existed, with all that it holds. Destroy the "
                "future before you put the member into the queue.");
            CHECK_MESSAGE(
                drops_before_the_lock == drops_when_taken,
                "the member's future was destroyed under the set's lock. Its destructor may run code that uses the set, which "
                "is a deadlock. Destroy the future before you lock.");
        }
    }

    TEST_CASE("a task that begins to wait just before the member is in the queue is woken") {
        ByHand runtime;
        rt::JoinSet<int> set;
        runtime.spawn_into(set, rt::ready(3));
        auto next = spawn_mock("join_next", set.join_next());
        before_next_lock_of_set = [&] {
            step("the member's task is about to lock the set, and another thread begins to wait");
            CHECK(next.poll() == Pending);
        };
        step("the member's task ends");
        runtime.run_all();
        before_next_lock_of_set = nullptr;
        CHECK_MESSAGE(
            next.is_woken(),
            "a task began to wait in join_next just before the member was in the queue, and nobody woke it. Call "
            "`waiter.wake()` last, because it also takes the waker out of its slot.");
        CHECK(next.poll() == Ready(std::optional(3)));
    }

    TEST_CASE("the woken task may take the result at once") {
        ByHand runtime;
        rt::JoinSet<int> set;
        runtime.spawn_into(set, rt::ready(3));
        std::optional<int> taken;
        CallingWaker waiter([&] {
            step("the waker takes the next result");
            taken = set.try_join_next();
        });
        auto next = set.join_next();
        CHECK(is_pending_with(waiter.waker(), next));
        runtime.run_all();
        CHECK_MESSAGE(taken == 3, "the set woke join_next before the member was in the queue. Wake last.");
    }

    TEST_CASE("a set that is destroyed gives the waker of join_next back") {
        ByHand runtime;
        Remote<int> kettle("the kettle");
        CountingWaker waiter;
        {
            rt::JoinSet<int> set;
            runtime.spawn_into(set, kettle.future());
            auto next = set.join_next();
            CHECK(is_pending_with(waiter.waker(), next));
            runtime.run_all();
            step("destroy the set");
        }
        CHECK_MESSAGE(
            waiter.alive() == 0,
            "the set is gone, but its members still hold the waker of join_next. Take the waker out of its slot.");
        runtime.run_all();
        CHECK(kettle.drops() == 1);
        CHECK(waiter.wakes() == 0);
    }
}
