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
        bool const is_ready = next.poll().is_ready();
        bool const is_told = is_ready || next.is_woken();
        CHECK_MESSAGE(
            is_told,
            "a member ended between the first look and register_waker, and nobody told the task. Look once more "
            "when the waker is registered.");
        if (!is_ready) {
            CHECK(next.poll() == Ready(std::optional(3)));
        }
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
