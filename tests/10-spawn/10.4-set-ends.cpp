#include "stepped_join_set.hpp"  // first

#include "join_sets.hpp"

#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using rt::Pending;
using rt::Ready;

namespace {

rt::Async<int> fail_after_yields(int yields, std::string what) {
    for (int n = 0; n < yields; ++n) {
        co_await rt::yield_now();
    }
    throw std::runtime_error(what);
}

/// A future that throws at one of its moves, as if no memory were left.
class FailsToMove {
  public:
    using Output = int;

    static inline int moves = 0;
    static inline int throws_at = -1;

    FailsToMove() = default;
    FailsToMove(FailsToMove&&) {
        if (++moves == throws_at) {
            throw std::bad_alloc();
        }
    }

    rt::Poll<int> poll(rt::Context&) { return Ready(3); }
};

/// A runtime on a thread of its own, which runs each task as soon as it is there: a stand-in for those to come.
class Elsewhere final : public rt::Scheduler {
  public:
    Elsewhere() : Scheduler(park_), thread_([this] { run(); }) {}
    ~Elsewhere() {
        {
            rt::Lock lock(mutex_);
            ended_ = true;
        }
        changed_.notify_all();
        thread_.join();
        close_services();
    }

    void schedule(rt::Runnable runnable) noexcept override {
        {
            rt::Lock lock(mutex_);
            runnables_.push_back(std::move(runnable));
        }
        changed_.notify_all();
    }
    bool is_multi_threaded() const noexcept override { return true; }

    /// If true, `spawn` returns when the other thread has run the task.
    bool waits_in_launch = false;

  private:
    void launch(rt::Runnable runnable) noexcept override {
        schedule(std::move(runnable));
        if (waits_in_launch) {
            rt::Lock lock(mutex_);
            changed_.wait(lock, [this] { return runnables_.empty() && !is_running_; });
        }
    }
    void run() {
        rt::Lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return ended_ || !runnables_.empty(); });
            if (runnables_.empty()) {
                return;
            }
            std::vector<rt::Runnable> now = std::exchange(runnables_, {});
            is_running_ = true;
            lock.unlock();
            for (rt::Runnable& runnable : now) {
                std::move(runnable).run();
            }
            lock.lock();
            is_running_ = false;
            changed_.notify_all();
        }
    }

    rt::ThreadPark park_;
    rt::Mutex mutex_;
    rt::Condvar changed_;
    std::vector<rt::Runnable> runnables_;
    bool is_running_ = false;
    bool ended_ = false;
    TestThread thread_;
};

}  // namespace

TEST_SUITE("10.4 JoinSet") {
    TEST_CASE("the exception of a member comes in its turn and harms no other") {
        rt::CurrentThread runtime;
        auto main = []() -> rt::Async<std::vector<int>> {
            rt::JoinSet<int> set;
            set.spawn(after_yields(1, 10));
            set.spawn(fail_after_yields(2, "no tea"));
            set.spawn(after_yields(3, 30));
            co_return co_await drain(&set);
        };
        CHECK(runtime.block_on(main()) == std::vector<int>{10, -2, 30});
    }

    TEST_CASE("abort_all: Cancelled for each that was not done") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        Remote<int> kettles[2];
        spawn_into(set, runtime, kettles[0].future());
        spawn_into(set, runtime, rt::ready(3));
        spawn_into(set, runtime, kettles[1].future());
        run_tasks(runtime, 2);
        step("abort all");
        set.abort_all();
        CHECK(set.size() == 3);
        CHECK(runtime.block_on(drain(&set)) == std::vector<int>{3, -1, -1});
        CHECK(set.is_empty());
        CHECK(kettles[0].drops() == 1);
        CHECK(kettles[1].drops() == 1);
    }

    TEST_CASE("a set that is dropped aborts its members: they are destroyed in the next turn") {
        rt::CurrentThread runtime;
        Remote<int> kettles[2];
        {
            rt::JoinSet<int> set;
            spawn_into(set, runtime, kettles[0].future());
            spawn_into(set, runtime, kettles[1].future());
            spawn_into(set, runtime, rt::ready(3));
            run_tasks(runtime, 2);
            step("drop the set");
        }
        CHECK(kettles[0].drops() + kettles[1].drops() == 0);
        run_tasks(runtime);
        CHECK(kettles[0].drops() == 1);
        CHECK(kettles[1].drops() == 1);
        CHECK(kettles[0].polls() == 1);
        CHECK(runtime.task_count() == 0);
    }

    TEST_CASE("outputs that nobody takes are destroyed with the set") {
        rt::CurrentThread runtime;
        DropCounter outputs;
        {
            rt::JoinSet<DropCounter::Token> set;
            for (int n = 0; n < 3; ++n) {
                spawn_into(set, runtime, rt::ready(outputs.token()));
            }
            run_tasks(runtime);
            CHECK(runtime.block_on(set.join_next()).has_value());
            CHECK(set.size() == 2);
        }
        CHECK(outputs.alive() == 0);
        CHECK(outputs.copies() == 0);
    }

    TEST_CASE("a set is moved with its members") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> first;
        spawn_into(first, runtime, after_yields(1, 1));
        rt::JoinSet<int> second = std::move(first);
        spawn_into(second, runtime, after_yields(2, 2));
        rt::JoinSet<int> third;
        spawn_into(third, runtime, after_yields(9, 9));
        step("assign over a set: its own members are aborted");
        third = std::move(second);
        CHECK(runtime.block_on(drain(&third)) == std::vector<int>{1, 2});
    }

    TEST_CASE("a set that was moved from is empty and can be used again") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> first;
        spawn_into(first, runtime, after_yields(1, 1));
        rt::JoinSet<int> second = std::move(first);
        CHECK(first.is_empty());  // NOLINT: that is what is asked here
        CHECK(first.try_join_next() == std::nullopt);
        CHECK(runtime.block_on(first.join_next()) == std::nullopt);
        spawn_into(first, runtime, after_yields(1, 2));
        CHECK(runtime.block_on(drain(&first)) == std::vector<int>{2});
        CHECK(runtime.block_on(drain(&second)) == std::vector<int>{1});
    }

    TEST_CASE("a spawn that finds no memory leaves the set as it was") {
        rt::CurrentThread runtime;
        rt::JoinSet<int> set;
        spawn_into(set, runtime, FailsToMove());
        int const moves = std::exchange(FailsToMove::moves, 0);
        step("spawn another one, whose task can't be made");
        FailsToMove::throws_at = moves;
        CHECK_THROWS_AS(spawn_into(set, runtime, FailsToMove()), std::bad_alloc);
        REQUIRE_MESSAGE(set.size() == 1,
                        "a member whose task can't be made stayed in the set, so join_next waits for it forever.");
        CHECK(runtime.block_on(drain(&set)) == std::vector<int>{3});
    }

    TEST_CASE("a set in a task of a runtime that goes") {
        Remote<int> kettle("the kettle");
        {
            rt::CurrentThread runtime;
            auto holder = [](CountedFuture<int> boil) -> rt::Async<> {
                rt::JoinSet<int> set;
                set.spawn(std::move(boil));
                co_await set.join_next();
            };
            runtime.spawn(holder(kettle.future())).detach();
            runtime.block_on(rt::Countdown(2));
            CHECK(kettle.polls() == 1);
            step("destroy the runtime");
        }
        CHECK(kettle.drops() == 1);
    }

    TEST_CASE("a set may outlive its runtime") {
        rt::JoinSet<int> set;
        Remote<int> kettle("the kettle");
        {
            rt::CurrentThread runtime;
            auto fill = [](rt::JoinSet<int>* out, CountedFuture<int> boil) -> rt::Async<> {
                out->spawn(rt::ready(3));
                out->spawn(std::move(boil));
                co_await rt::yield_now();
                co_await rt::yield_now();
            };
            runtime.block_on(fill(&set, kettle.future()));
        }
        CHECK(kettle.drops() == 1);
        CHECK(set.size() == 2);
        rt::CurrentThread other;
        CHECK(other.block_on(drain(&set)) == std::vector<int>{3, -1});
    }

    TEST_CASE("no completion is lost when members finish on another thread at once") {
        int const rounds = under_tsan || under_asan ? 100 : 500;
        Random random(seed_of_this_run());
        Elsewhere elsewhere;
        rt::CurrentThread here;
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            // Before spawn returns, in every other round: so the set sees members that are done when they join it.
            elsewhere.waits_in_launch = random.below(2) == 0;
            rt::JoinSet<int> set;
            {
                rt::EnterScheduler entered(elsewhere);
                for (int n = 1; n <= 10; ++n) {
                    set.spawn(rt::ready(n));
                }
            }
            int sum = 0;
            for (int n : here.block_on(drain(&set))) {
                sum += n;
            }
            CHECK(sum == 55);
        }
    }
}
