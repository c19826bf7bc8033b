#include <doctest/doctest.h>
#include <observe/sys_observe.hpp>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/current_thread.hpp>
#include <rt/spawn_blocking.hpp>
#include <rt/sync.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/mock_task.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using rt::Async;
using rt::BlockingOptions;
using rt::BlockingPool;

namespace {

/// Options of a pool with one thread.
BlockingOptions one_thread() {
    BlockingOptions options;
    options.max_threads = 1;
    return options;
}

/// A task that is behind those spawned before it: when it has ended, they have been polled.
Async<> nothing() { co_return; }

/// True if that thread sleeps, and not for a moment only.
bool sleeps(int thread) {
    for (int look = 0; look < 100; ++look) {
        if (rt::sys::is_runnable(thread)) {
            return false;
        }
        rt::yield_thread();
    }
    return true;
}

/// A job that says when it runs, and then waits until it may end.
class Blocker {
  public:
    int operator()() {
        runs.count_down();
        may_end.wait();
        has_ended.store(true, rt::release);
        return 3;
    }

    std::latch runs{1};
    std::latch may_end{1};
    rt::Atomic<bool> has_ended{false};
};

}  // namespace

TEST_SUITE("11.9 all together: abort and the end") {
    TEST_CASE("a job that is aborted before it begins never runs") {
        auto body = []() -> Async<> {
            rt::current().service<BlockingPool>().set_options(one_thread());
            Blocker blocker;
            auto running = rt::spawn_blocking(std::ref(blocker));
            blocker.runs.wait();
            DropCounter things;
            bool ran = false;
            auto run = [&ran, token = things.token()] { ran = true; };
            auto waiting = rt::spawn_blocking(std::move(run));
            step("the only thread is at work: abort the job that waits");
            waiting.abort();
            blocker.may_end.count_down();
            bool cancelled = false;
            try {
                co_await waiting;
            } catch (const rt::Cancelled&) {
                cancelled = true;
            }
            CHECK(cancelled);
            CHECK_FALSE(ran);
            CHECK(things.alive() == 0);
            CHECK(co_await running == 3);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body());
    }

    TEST_CASE("a job that runs is not interrupted and its result still comes") {
        auto body = []() -> Async<> {
            Blocker blocker;
            auto job = rt::spawn_blocking(std::ref(blocker));
            blocker.runs.wait();
            step("the job runs: abort it");
            job.abort();
            CHECK_FALSE(job.is_finished());
            blocker.may_end.count_down();
            CHECK(co_await job == 3);
        };
        rt::CurrentThread runtime;
        runtime.block_on(body());
    }

    TEST_CASE("the end of the runtime waits for the job that runs") {
        Blocker blocker;
        std::optional<TestThread> later;
        {
            rt::CurrentThread runtime;
            auto body = [](Blocker* b) -> Async<> {
                (void)rt::spawn_blocking(std::ref(*b));
                b->runs.wait();
                co_return;
            };
            runtime.block_on(body(&blocker));
            step("the job runs, and may end once the runtime is going");
            later.emplace([&blocker] { blocker.may_end.count_down(); });
        }
        CHECK(blocker.has_ended.load(rt::relaxed));
    }

    TEST_CASE("jobs that wait at the end are dropped and their handles say so") {
        Blocker blocker;
        DropCounter things;
        rt::Atomic<int> ran{0};
        rt::Atomic<bool> goes{false};
        bool were_dropped = false;
        std::vector<rt::JoinHandle<void>> handles;
        std::optional<TestThread> later;
        {
            rt::CurrentThread runtime;
            {
                rt::EnterScheduler entered(runtime);
                runtime.service<BlockingPool>().set_options(one_thread());
                (void)rt::spawn_blocking(std::ref(blocker));
                blocker.runs.wait();
                step("the only thread is at work: five more jobs wait");
                for (int i = 0; i < 5; ++i) {
                    auto run = [&ran, token = things.token()] { ran.fetch_add(1); };
                    handles.push_back(rt::spawn_blocking(std::move(run)));
                }
                CHECK(things.alive() == 5);
            }
            // The running job may end only when the five have been dropped, or nobody is left to drop them.
            later.emplace([&, this_thread = rt::sys::thread_id()] {
                while (!goes.load(rt::acquire) || (!handles.back().is_finished() && !sleeps(this_thread))) {
                    rt::yield_thread();
                }
                were_dropped = handles.back().is_finished();
                blocker.may_end.count_down();
            });
            step("the runtime goes");
            goes.store(true, rt::release);
        }
        later.reset();
        REQUIRE_MESSAGE(
            were_dropped,
            "the end of the runtime waited for the job that ran, and those behind it still waited. Drop what waits first.");
        CHECK(ran.load() == 0);
        CHECK(things.alive() == 0);
        for (auto& handle : handles) {
            CHECK_THROWS_AS(rt::block_on(std::move(handle)), rt::Cancelled);
        }
    }

    TEST_CASE("a handle may outlive its runtime") {
        std::optional<rt::JoinHandle<int>> handle;
        {
            rt::CurrentThread runtime;
            rt::EnterScheduler entered(runtime);
            Blocker blocker;
            blocker.may_end.count_down();
            handle.emplace(rt::spawn_blocking(std::ref(blocker)));
            blocker.runs.wait();
            while (!handle->is_finished()) {
                rt::yield_thread();
            }
        }
        step("the runtime has gone");
        CHECK(rt::block_on(std::move(*handle)) == 3);
    }

    TEST_CASE("a task that waits for a job when its runtime ends") {
        Blocker blocker;
        DropCounter frames;
        std::optional<TestThread> later;
        {
            rt::CurrentThread runtime;
            auto waiter = [](Blocker* b, DropCounter::Token) -> Async<> {
                auto job = rt::spawn_blocking(std::ref(*b));
                (void)co_await job;
            };
            auto body = [](Blocker* b, decltype(waiter) wait, DropCounter* f) -> Async<> {
                auto task = rt::spawn(wait, b, f->token());
                auto last = rt::spawn(nothing());
                co_await last;
                b->runs.wait();
            };
            runtime.block_on(body(&blocker, waiter, &frames));
            CHECK(frames.alive() == 1);
            step("the runtime ends while the job runs");
            later.emplace([&blocker] { blocker.may_end.count_down(); });
        }
        CHECK(frames.alive() == 0);
        CHECK(blocker.has_ended.load(rt::relaxed));
    }

    TEST_CASE("all threads are joined at the end") {
        rt::Atomic<int> started{0};
        rt::Atomic<int> ended{0};
        for (int round = 0; round < 100; ++round) {
            rt::CurrentThread runtime;
            rt::EnterScheduler entered(runtime);
            BlockingOptions options;
            options.idle_time = round % 2 == 0 ? std::chrono::nanoseconds(1h) : 1us;
            options.start_thread = [&](std::function<void()> run) {
                started.fetch_add(1);
                return rt::Thread([&ended, run = std::move(run)] {
                    run();
                    ended.fetch_add(1);
                });
            };
            runtime.service<BlockingPool>().set_options(options);
            for (int i = 0; i < round % 5; ++i) {
                auto no_work = [] {};
                (void)rt::spawn_blocking(no_work);
            }
            still_alive();
        }
        step("a hundred runtimes have gone");
        CHECK(started.load() == ended.load());
    }

    TEST_CASE("a job that ends as its runtime does") {
        for (int round = 0; round < 300; ++round) {
            rt::CurrentThread runtime;
            auto waiter = []() -> Async<> {
                auto no_work = [] {};
                auto job = rt::spawn_blocking(no_work);
                co_await job;
            };
            auto body = [](decltype(waiter) wait) -> Async<> {
                auto task = rt::spawn(wait);
                auto last = rt::spawn(nothing());
                co_await last;
            };
            runtime.block_on(body(waiter));
            still_alive();
        }
        step("300 runtimes have gone");
        CHECK(true);
    }

    TEST_CASE("a job that destroys its own runtime is a mistake and says so") {
        expect_violation(
            "CurrentThread: was destroyed by a job of its own spawn_blocking",
            [] {
                std::latch owner_gone(1);
                std::latch destroyed(1);
                auto runtime = std::make_shared<rt::CurrentThread>();
                auto destroy = [&, last = runtime]() mutable {
                    owner_gone.wait();
                    last.reset();
                    destroyed.count_down();
                };
                auto start = [](auto job) -> Async<> {
                    rt::spawn_blocking(std::move(job)).detach();
                    co_return;
                };
                runtime->block_on(start(std::move(destroy)));
                runtime.reset();
                owner_gone.count_down();
                destroyed.wait();
            },
            Noticed::in_every_build);
        step("the runtime of a job's own is fine");
        rt::CurrentThread runtime;
        auto run = []() -> Async<int> {
            co_return co_await rt::spawn_blocking([] { return rt::CurrentThread().block_on(rt::ready(3)); });
        };
        CHECK(runtime.block_on(run()) == 3);
    }
}
