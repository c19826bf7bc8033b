/// \file
/// 16.9: nobody starves: newcomers, timers and events have their turn.
#include "sleeping.hpp"

#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/time.hpp>
#include <rt/worker.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/fairness.hpp>
#include <support/late_bytes.hpp>
#include <support/random.hpp>
#include <support/story.hpp>

#include <chrono>
#include <latch>
#include <optional>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;

namespace {

/// Wants to run again at once, until all is over; counts its polls.
class Yielder {
  public:
    using Output = void;

    Yielder(rt::Atomic<int>* polls, rt::Atomic<bool>* over) : polls_(polls), over_(over) {}

    rt::Poll<void> poll(rt::Context& cx) {
        if (over_->load(rt::relaxed)) {
            return rt::Ready();
        }
        polls_->fetch_add(1, rt::relaxed);
        cx.waker().wake_by_ref();
        return rt::Pending;
    }

  private:
    rt::Atomic<int>* polls_;
    rt::Atomic<bool>* over_;
};

/// Ends what `Yielder`s wait for, and says how often they were polled before.
rt::Async<int> end_it(const rt::Atomic<int>* polls, rt::Atomic<bool>* over) {
    over->store(true, rt::relaxed);
    co_return polls->load(rt::relaxed);
}

/// Stands in its poll from `arrived` to `until`.
rt::Async<> stand(std::latch* arrived, std::latch* until) {
    arrived->count_down();
    until->wait();
    co_return;
}

rt::Async<> stand_after(CountedFuture<void> event, std::latch* arrived, std::latch* until) {
    co_await event;
    arrived->count_down();
    until->wait();
}

rt::Async<> release_after(CountedFuture<void> event, std::latch* until) {
    co_await event;
    until->count_down();
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

TEST_SUITE("16.9 all together") {
    TEST_CASE("a newcomer from outside runs though the own queue is never empty") {
        rt::MultiThread runtime(1);
        rt::Atomic<int> polls{0};
        rt::Atomic<bool> over{false};
        step("three tasks that always want to run keep the worker busy");
        std::vector<rt::JoinHandle<>> yielders;
        for (int i = 0; i < 3; ++i) {
            yielders.push_back(runtime.spawn(Yielder(&polls, &over)));
        }
        int const taken = polls.load(rt::relaxed) + 3 * static_cast<int>(rt::Worker::look_interval);
        spin_until([&] { return polls.load(rt::relaxed) > taken; });  // they too came from outside, one at each look
        step("a newcomer comes from outside");
        rt::JoinHandle<int> newcomer = runtime.spawn(end_it(&polls, &over));
        int const before = polls.load(rt::relaxed);
        int const after = runtime.block_on(std::move(newcomer));
        CHECK(after - before <= static_cast<int>(rt::Worker::look_interval));
    }

    TEST_CASE("a newcomer in the own queue waits for one round of the others") {
        rt::Atomic<int> polls{0};
        rt::Atomic<bool> over{false};
        rt::MultiThread runtime(1);  // goes first, with the tasks that use these two
        auto main = [](rt::Atomic<int>* polled, rt::Atomic<bool>* ended) -> rt::Async<int> {
            for (int i = 0; i < 10; ++i) {
                rt::spawn(Yielder(polled, ended)).detach();
            }
            while (polled->load(rt::relaxed) < 100) {
                co_await rt::yield_now();
            }
            int const before = polled->load(rt::relaxed);
            rt::JoinHandle<int> newcomer = rt::spawn(end_it(polled, ended));
            int const after = co_await newcomer;
            co_return after - before;
        };
        CHECK(runtime.block_on(runtime.spawn(main(&polls, &over))) <= 10);
    }

    TEST_CASE("the driver is looked at while all workers are busy") {
        for (unsigned const workers : {1U, 2U}) {
            Bell bell;
            Remote<> event("the event");
            rt::Atomic<int> polls{0};
            rt::Atomic<bool> over{false};
            rt::MultiThread runtime(workers);
            runtime.set_base(bell);
            auto listen = [](CountedFuture<void> rung, rt::Atomic<bool>* heard) -> rt::Async<> {
                co_await rung;
                heard->store(true, rt::relaxed);
            };
            rt::JoinHandle<> listener = runtime.spawn(listen(event.future(), &over));
            step("five tasks yield for ever on {} workers", workers);
            std::vector<rt::JoinHandle<>> yielders;
            for (int i = 0; i < 5; ++i) {
                yielders.push_back(runtime.spawn(Yielder(&polls, &over)));
            }
            spin_until([&] { return polls.load(rt::relaxed) > 10; });
            step("an event comes to the driver");
            bell.ring(event);
            runtime.block_on(std::move(listener));
            for (rt::JoinHandle<>& one : yielders) {
                runtime.block_on(std::move(one));
            }
            CHECK(over);
        }
    }

    TEST_CASE("a worker that leaves the driver for a long poll hands the driver on") {
        for (int round = 0; round < rounds_of(40); ++round) {
            Bell bell;
            Remote<> first("the first event");
            Remote<> second("the second event");
            std::latch in_poll(1);
            std::latch until_second(1);
            rt::MultiThread runtime(2);
            runtime.set_base(bell);
            step("two tasks wait for an event each");
            rt::JoinHandle<> blocked = runtime.spawn(stand_after(first.future(), &in_poll, &until_second));
            rt::JoinHandle<> releasing = runtime.spawn(release_after(second.future(), &until_second));
            if (round % 2 == 0) {
                wait_until_asleep(runtime);  // else somebody may still keep watch
            }
            bell.ring(first);
            in_poll.wait();
            step("the worker that saw the first stands in a poll; another must see the second");
            bell.ring(second);
            runtime.block_on(std::move(releasing));
            runtime.block_on(std::move(blocked));
        }
    }

    TEST_CASE("the driver is looked after as long as one worker is free") {
        for (int round = 0; round < rounds_of(50); ++round) {
            Bell bell;
            Remote<> first("the first event");
            Remote<> second("the second event");
            std::latch standing(1);
            std::latch both_standing(1);
            std::latch until_second(1);
            rt::MultiThread runtime(3);
            runtime.set_base(bell);
            step("one worker comes out of the driver and stands in a poll");
            rt::JoinHandle<> one = runtime.spawn(stand_after(first.future(), &standing, &until_second));
            rt::JoinHandle<> releasing = runtime.spawn(release_after(second.future(), &until_second));
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

    TEST_CASE("what is ready is not late on any worker") {
        for (int count : {1, 62, 2000}) {
            std::latch both(2);
            std::latch over(1);
            rt::MultiThread runtime(2);  // goes first, with the tasks that stand at the latches
            LateBytes clients(count);
            for (int i = 0; i < count; ++i) {
                runtime.spawn(clients.serve(i)).detach();
            }
            spin_until([&] { return clients.waiting.load() == count; });
            runtime.spawn(stand(&both, &over)).detach();
            runtime.spawn(stand(&both, &over)).detach();
            both.wait();
            clients.stand_still();
            over.count_down();
            spin_until([&] { return clients.all_have_ended(); });
            CHECK_MESSAGE(clients.late.load() == 0, "timers fired before the bytes that were there had been seen");
        }
    }

    TEST_CASE("timers fire whoever is busy") {
        rt::MultiThread runtime(2);
        step("while nobody is: main sleeps");
        runtime.block_on(rt::sleep(1ms));
        step("a thousand tasks sleep");
        auto sleepers = []() -> rt::Async<int> {
            std::vector<rt::JoinHandle<>> tasks;
            for (int i = 0; i < 1'000; ++i) {
                tasks.push_back(rt::spawn(rt::sleep(1ms)));
            }
            int woken = 0;
            for (rt::JoinHandle<>& one : tasks) {
                co_await one;
                ++woken;
            }
            co_return woken;
        };
        CHECK(runtime.block_on(sleepers()) == 1'000);
        CHECK(runtime.block_on(runtime.spawn(sleepers())) == 1'000);

        step("while all workers run tasks that yield until a timer fires");
        rt::Atomic<int> polls{0};
        rt::Atomic<bool> fired{false};
        std::vector<rt::JoinHandle<>> yielders;
        for (int i = 0; i < 5; ++i) {
            yielders.push_back(runtime.spawn(Yielder(&polls, &fired)));
        }
        runtime.block_on(runtime.spawn(rt::sleep(1ms)));
        fired.store(true, rt::relaxed);
        for (rt::JoinHandle<>& one : yielders) {
            runtime.block_on(std::move(one));
        }

        step("while one worker stands in a poll until a timer fires");
        std::latch standing(1);
        std::latch until_fired(1);
        rt::JoinHandle<> stands = runtime.spawn(stand(&standing, &until_fired));
        standing.wait();
        runtime.block_on(rt::sleep(1ms));
        runtime.block_on(runtime.spawn(rt::sleep(1ms)));
        until_fired.count_down();
        runtime.block_on(std::move(stands));
    }

    TEST_CASE("no future starves beside one that always has a result") {
        rt::MultiThread runtime(2);
        AlwaysReady other = finished_tasks();
        other.polls = 5;  // a task that changes threads may be refused more than once
        runtime.block_on(expect_fair({in_join(), by_hand()}, {finished_tasks()}, {other}));
        runtime.block_on(runtime.spawn(expect_fair({in_join(), by_hand()}, {finished_tasks()}, {other})));
    }
}
