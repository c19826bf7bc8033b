/// \file
/// 14.3: nobody starves: newcomers, timers and events have their turn.
#include "sleeping.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/time.hpp>
#include <rt/worker.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/story.hpp>

#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// Waits for `bell`, then counts.
rt::Async<> hear(CountedFuture<void> bell, rt::Atomic<int>* heard) {
    co_await bell;
    heard->fetch_add(1, rt::relaxed);
}

/// A Park as a reactor is one: rung from outside, it wakes a task from inside of `park`.
class Bell final : public rt::Park {
  public:
    void park(std::optional<rt::Instant> deadline) override {
        (deadline == rt::no_wait ? looks_ : sleeps_).fetch_add(1, rt::relaxed);
        sleep_.park(deadline);
        for (Remote<>* remote = rung_.exchange(nullptr, rt::acq_rel); remote != nullptr; remote = nullptr) {
            remote->finish();
        }
    }
    void unpark() noexcept override { sleep_.unpark(); }

    /// `remote` is made ready by whoever lies or looks in here.
    void ring(Remote<>& remote) {
        rung_.store(&remote, rt::release);
        unpark();
    }

    int looks() const { return looks_.load(rt::relaxed); }

  private:
    rt::ThreadPark sleep_;
    rt::Atomic<Remote<>*> rung_{nullptr};
    rt::Atomic<int> looks_{0};
    rt::Atomic<int> sleeps_{0};
};

}  // namespace

TEST_SUITE("14.3 fairness") {
    TEST_CASE("a newcomer from outside runs though the own queue is never empty") {
        rt::MultiThread runtime(1);
        std::latch busy(1);
        std::latch spawned(1);
        rt::Atomic<int> polls{0};
        rt::Atomic<bool> over{false};
        auto yielder = [&](int id) {
            return rt::poll_fn([&, id](rt::Context& cx) -> rt::Poll<void> {
                if (over.load(rt::relaxed)) {
                    return rt::Ready();
                }
                if (id == 0 && polls.load(rt::relaxed) == 0) {
                    busy.count_down();
                    spawned.wait();
                }
                polls.fetch_add(1, rt::relaxed);
                cx.waker().wake_by_ref();
                return rt::Pending;
            });
        };
        step("three tasks that always want to run; the worker stands in the first poll of the first");
        std::vector<rt::JoinHandle<>> yielders;
        for (int id = 0; id < 3; ++id) {
            yielders.push_back(runtime.spawn(yielder(id)));
        }
        busy.wait();
        step("a newcomer is spawned");
        rt::JoinHandle<int> newcomer = runtime.spawn(rt::poll_fn([&](rt::Context&) -> rt::Poll<int> {
            over.store(true, rt::relaxed);
            return rt::Ready(polls.load(rt::relaxed));
        }));
        spawned.count_down();
        // The other yielders came in the same way, one look earlier each; the fourth to look for is the newcomer.
        CHECK(runtime.block_on(std::move(newcomer)) <= 3 * static_cast<int>(rt::Worker::look_interval));
    }

    TEST_CASE("a newcomer in the own queue waits for one round of the others") {
        rt::MultiThread runtime(1);
        auto main = []() -> rt::Async<int> {
            auto polls = std::make_shared<int>(0);
            auto over = std::make_shared<bool>(false);
            auto yielder = [polls, over](rt::Context& cx) -> rt::Poll<void> {
                if (*over) {
                    return rt::Ready();
                }
                ++*polls;
                cx.waker().wake_by_ref();
                return rt::Pending;
            };
            std::vector<rt::JoinHandle<>> yielders;
            for (int i = 0; i < 10; ++i) {
                yielders.push_back(rt::spawn(rt::poll_fn(yielder)));
            }
            while (*polls < 100) {
                co_await rt::yield_now();
            }
            int const before = *polls;
            auto come = [polls, over](rt::Context&) -> rt::Poll<int> {
                *over = true;
                return rt::Ready(*polls);
            };
            rt::JoinHandle<int> newcomer = rt::spawn(rt::poll_fn(come));
            int const after = co_await newcomer;
            for (rt::JoinHandle<>& one : yielders) {
                co_await one;
            }
            co_return after - before;
        };
        CHECK(runtime.block_on(runtime.spawn(main())) <= 10);
    }

    TEST_CASE("the driver is looked at while all workers are busy") {
        Bell bell;
        Remote<> event("the event");
        rt::Atomic<int> heard{0};
        rt::MultiThread runtime(2);
        runtime.set_base(bell);
        auto listener = runtime.spawn(hear(event.future(), &heard));
        auto busy = [&heard](rt::Context& cx) -> rt::Poll<int> {
            if (heard.load(rt::relaxed) != 0) {
                return rt::Ready(1);
            }
            cx.waker().wake_by_ref();
            return rt::Pending;
        };
        std::vector<rt::JoinHandle<int>> yielders;
        for (int i = 0; i < 5; ++i) {
            yielders.push_back(runtime.spawn(rt::poll_fn(busy)));
        }
        step("an event comes to the driver while five tasks yield for ever");
        bell.ring(event);
        runtime.block_on(std::move(listener));
        for (rt::JoinHandle<int>& one : yielders) {
            CHECK(runtime.block_on(std::move(one)) == 1);
        }
        CHECK(heard == 1);
    }

    TEST_CASE("a worker that leaves the driver for a long poll hands the driver on") {
        for (int round = 0; round < 40; ++round) {
            Bell bell;
            Remote<> first("the first event");
            Remote<> second("the second event");
            std::latch in_poll(1);
            std::latch until_second(1);
            rt::MultiThread runtime(2);
            runtime.set_base(bell);
            auto block = [](CountedFuture<void> event, std::latch* arrived, std::latch* until) -> rt::Async<> {
                co_await event;
                arrived->count_down();
                until->wait();
            };
            auto release = [](CountedFuture<void> event, std::latch* until) -> rt::Async<int> {
                co_await event;
                until->count_down();
                co_return 1;
            };
            step("two tasks wait for an event each");
            rt::JoinHandle<> blocked = runtime.spawn(block(first.future(), &in_poll, &until_second));
            rt::JoinHandle<int> releasing = runtime.spawn(release(second.future(), &until_second));
            if (round % 2 == 0) {
                wait_until_asleep(runtime);  // else somebody may still keep watch
            }
            bell.ring(first);
            in_poll.wait();
            step("the worker that saw the first stands in a poll; another must see the second");
            bell.ring(second);
            CHECK(runtime.block_on(std::move(releasing)) == 1);
            runtime.block_on(std::move(blocked));
        }
    }

    TEST_CASE("the driver is looked after as long as one worker is free") {
        for (int round = 0; round < 50; ++round) {
            Bell bell;
            Remote<> first("the first event");
            Remote<> second("the second event");
            std::latch standing(1);
            std::latch both_standing(1);
            std::latch until_second(1);
            rt::MultiThread runtime(3);
            runtime.set_base(bell);
            auto stand = [](std::latch* arrived, std::latch* until) -> rt::Async<> {
                arrived->count_down();
                until->wait();
                co_return;
            };
            auto stand_after = [](CountedFuture<void> event, std::latch* arrived, std::latch* until) -> rt::Async<> {
                co_await event;
                arrived->count_down();
                until->wait();
            };
            auto release = [](CountedFuture<void> event, std::latch* until) -> rt::Async<> {
                co_await event;
                until->count_down();
            };
            step("one worker comes out of the driver and stands in a poll");
            rt::JoinHandle<> one = runtime.spawn(stand_after(first.future(), &standing, &until_second));
            rt::JoinHandle<> releasing = runtime.spawn(release(second.future(), &until_second));
            bell.ring(first);
            standing.wait();
            step("another is woken and stands in a poll: perhaps the one that kept watch");
            rt::JoinHandle<> other = runtime.spawn(stand(&both_standing, &until_second));
            both_standing.wait();
            step("the third must see the second event");
            bell.ring(second);
            runtime.block_on(std::move(releasing));
            runtime.block_on(std::move(one));
            runtime.block_on(std::move(other));
        }
    }

    TEST_CASE("timers fire whoever is busy") {
        rt::MultiThread runtime(2);
        step("while nobody is: main sleeps");
        runtime.block_on(rt::sleep(1ms));
        step("a thousand tasks sleep");
        auto sleepers = []() -> rt::Async<int> {
            rt::JoinSet<> tasks;
            for (int i = 0; i < 1'000; ++i) {
                tasks.spawn(rt::sleep(1ms));
            }
            int woken = 0;
            while (co_await tasks.join_next()) {
                ++woken;
            }
            co_return woken;
        };
        CHECK(runtime.block_on(sleepers()) == 1'000);
        CHECK(runtime.block_on(runtime.spawn(sleepers())) == 1'000);

        step("while all workers run tasks that yield until a timer fires");
        rt::Atomic<bool> fired{false};
        auto yielder = [&fired](rt::Context& cx) -> rt::Poll<void> {
            if (fired.load(rt::relaxed)) {
                return rt::Ready();
            }
            cx.waker().wake_by_ref();
            return rt::Pending;
        };
        std::vector<rt::JoinHandle<>> yielders;
        for (int i = 0; i < 5; ++i) {
            yielders.push_back(runtime.spawn(rt::poll_fn(yielder)));
        }
        runtime.block_on(runtime.spawn(rt::sleep(1ms)));
        fired.store(true, rt::relaxed);
        for (rt::JoinHandle<>& one : yielders) {
            runtime.block_on(std::move(one));
        }

        step("while one worker stands in a poll until a timer fires");
        std::latch until_fired(1);
        auto stand = [](std::latch* latch) -> rt::Async<> {
            latch->wait();
            co_return;
        };
        rt::JoinHandle<> standing = runtime.spawn(stand(&until_fired));
        runtime.block_on(rt::sleep(1ms));
        runtime.block_on(runtime.spawn(rt::sleep(1ms)));
        until_fired.count_down();
        runtime.block_on(std::move(standing));
    }
}
