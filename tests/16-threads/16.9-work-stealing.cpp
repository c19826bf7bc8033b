/// \file
/// 16.9: work reaches whoever is free, once.
#include "sleeping.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <latch>
#include <memory>
#include <utility>
#include <vector>

using namespace support;
using Kind = rt::trace::Kind;

namespace {

rt::Async<int> answer(int n) { co_return n; }

rt::Async<> arrive(std::latch* latch) {
    latch->arrive_and_wait();
    co_return;
}

/// Notices if two threads poll it at once, or one after it was Ready. Wakes itself, and lends its waker to others.
class Exclusive {
  public:
    using Output = int;

    struct Shared {
        rt::Mutex mutex;
        rt::Waker waker;
        rt::Atomic<bool> is_polled{false};
        rt::Atomic<int> polls{0};
    };

    Exclusive(std::shared_ptr<Shared> shared, int rounds) : shared_(std::move(shared)), rounds_(rounds) {}

    rt::Poll<int> poll(rt::Context& cx) {
        CHECK_FALSE(shared_->is_polled.exchange(true, rt::acq_rel));
        CHECK(rounds_ >= 0);
        shared_->polls.fetch_add(1, rt::relaxed);
        {
            rt::Lock lock(shared_->mutex);
            shared_->waker = cx.waker();
        }
        cx.waker().wake_by_ref();
        plain_ += 1;  // a race here is a report of ThreadSanitizer
        --rounds_;
        bool const done = rounds_ < 0;
        shared_->is_polled.store(false, rt::release);
        if (done) {
            return rt::Ready(plain_);
        }
        return rt::Pending;
    }

  private:
    std::shared_ptr<Shared> shared_;
    int rounds_;
    int plain_ = 0;
};

}  // namespace

TEST_SUITE("16.9 all together") {
    TEST_CASE("all workers run at once") {
        constexpr int workers = 4;
        rt::MultiThread runtime(workers);
        for (int round = 0; round < 100; ++round) {
            step("round {}: {} tasks wait for each other, each on its thread", round, workers);
            std::latch all(workers);
            rt::JoinSet<> tasks;
            auto main = [&]() -> rt::Async<> {  // house-rule: allow named, and it outlives its frame
                for (int i = 0; i < workers; ++i) {
                    tasks.spawn(arrive(&all));
                }
                while (!tasks.is_empty()) {
                    co_await tasks.join_next();
                }
            };
            runtime.block_on(main());
        }
    }

    TEST_CASE("the queue of a blocked worker is stolen") {
        constexpr int workers = 4;
        TraceLog log{Kind::steal};
        rt::MultiThread runtime(workers);
        for (int round = 0; round < 100; ++round) {
            step("round {}: a task queues {} others and waits for them without giving its thread up", round,
                 workers - 1);
            std::latch all(workers);
            std::latch* const meeting = &all;
            auto block = [meeting]() -> rt::Async<> {
                std::vector<rt::JoinHandle<>> others;
                for (int i = 1; i < workers; ++i) {
                    others.push_back(rt::spawn(arrive(meeting)));
                }
                meeting->arrive_and_wait();
                for (rt::JoinHandle<>& other : others) {
                    co_await other;
                }
            };
            auto main = [&]() -> rt::Async<> {  // house-rule: allow named, and it outlives its frame
                rt::JoinHandle<> blocked = rt::spawn(block);
                co_await blocked;
            };
            runtime.block_on(main());
        }
        CHECK(log.count(Kind::steal) >= 100);
    }

    TEST_CASE("a single task behind a poll that does not end is taken by another worker") {
        for (int round = 0; round < 20; ++round) {
            rt::MultiThread runtime(2);
            wait_until_asleep(runtime);
            for (int time = 0; time < 3; ++time) {
                // The first time nobody keeps watch, later somebody may.
                step("round {}: a task queues one other and waits for it without giving its thread up", round);
                std::latch both(2);
                auto block = [](std::latch* meeting) -> rt::Async<> {
                    rt::JoinHandle<> other = rt::spawn(arrive(meeting));
                    meeting->arrive_and_wait();
                    co_await other;
                };
                runtime.block_on(runtime.spawn(block(&both)));
            }
        }
    }

    TEST_CASE("one task at a time is submitted to a sleeping runtime from outside") {
        int const times = rounds_of(10'000);
        Random random(seed_of_this_run());
        rt::MultiThread runtime(2);
        step("spawn a task and wait for it, {} times", times);
        for (int n = 0; n < times; ++n) {
            still_alive();
            REQUIRE(runtime.block_on(runtime.spawn(answer(n))) == n);
            for (int pause = random.below(200); pause > 0; --pause) {
                still_alive();
            }
        }
    }

    TEST_CASE("one task at a time is submitted from inside") {
        int const times = rounds_of(10'000);
        seed_of_this_run();
        auto submit = [](int tasks) -> rt::Async<int> {
            int sum = 0;
            for (int n = 0; n < tasks; ++n) {
                still_alive();
                rt::JoinHandle<int> handle = rt::spawn(answer(1));
                sum += co_await handle;
            }
            co_return sum;
        };
        for (unsigned const workers : {1U, 2U, 3U}) {
            step("a task of {} workers spawns another and waits for it, {} times", workers, times);
            rt::MultiThread runtime(workers);
            CHECK(runtime.block_on(runtime.spawn(submit(times))) == times);
        }
    }

    TEST_CASE("stress: wakes from a foreign thread reach a sleeping runtime") {
        int const times = rounds_of(5'000);
        seed_of_this_run();
        rt::MultiThread runtime(2);
        rt::Atomic<int> heard{0};
        step("wake a waiting task from here, {} times", times);
        for (int n = 0; n < times; ++n) {
            auto bell = std::make_shared<rt::Atomic<bool>>(false);
            auto slot = std::make_shared<rt::WakerSlot>();
            auto wait = [bell, slot](rt::Context& cx) -> rt::Poll<void> {
                slot->register_waker(cx.waker());
                if (bell->load(rt::acquire)) {
                    return rt::Ready();
                }
                return rt::Pending;
            };
            rt::JoinHandle<> handle = runtime.spawn(rt::poll_fn(wait));
            still_alive();
            bell->store(true, rt::release);
            slot->wake();
            runtime.block_on(std::move(handle));
            ++heard;
        }
        CHECK(heard == times);
    }

    TEST_CASE("stress: a task is never polled on two threads nor after its end") {
        constexpr int tasks = 8;
        int const rounds = rounds_of(1'500);
        seed_of_this_run();
        rt::MultiThread runtime(3);
        std::vector<std::shared_ptr<Exclusive::Shared>> all;
        std::vector<rt::JoinHandle<int>> handles;
        for (int i = 0; i < tasks; ++i) {
            all.push_back(std::make_shared<Exclusive::Shared>());
            handles.push_back(runtime.spawn(Exclusive(all.back(), rounds)));
        }
        rt::Atomic<bool> over{false};
        auto wake_all = [&] {
            while (!over.load(rt::relaxed)) {
                still_alive();
                for (auto& one : all) {
                    rt::Waker waker;
                    {
                        rt::Lock lock(one->mutex);
                        waker = one->waker;
                    }
                    if (waker) {
                        waker.wake_by_ref();
                    }
                }
            }
        };
        step("{} tasks of {} polls, woken by themselves and by two threads", tasks, rounds + 1);
        TestThread first(wake_all);
        TestThread second(wake_all);
        for (rt::JoinHandle<int>& handle : handles) {
            CHECK(runtime.block_on(std::move(handle)) == rounds + 1);
        }
        over.store(true, rt::relaxed);
        first.join();
        second.join();
        for (auto& one : all) {
            CHECK(one->polls.load(rt::relaxed) == rounds + 1);
            one->waker = rt::Waker();
        }
    }
}
