/// \file
/// 14.3: tasks on several threads.
#include <doctest/doctest.h>

#include <rt/async.hpp>
#include <rt/join_set.hpp>
#include <rt/multi_thread.hpp>
#include <rt/time.hpp>
#include <rt/yield_now.hpp>
#include <support/counted_future.hpp>
#include <support/death.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>
#include <support/trace_log.hpp>

#include <chrono>
#include <cstddef>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace support;
using namespace std::chrono_literals;
using Kind = rt::trace::Kind;

namespace {

rt::Async<int> give(int n) { co_return n; }

rt::Async<rt::ThreadId> where_am_i() { co_return rt::this_thread_id(); }

rt::Async<> meet(std::latch* latch) {
    latch->arrive_and_wait();
    co_return;
}

rt::Async<int> fail_with(std::string what) {
    co_await rt::yield_now();
    throw std::runtime_error(what);
}

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

TEST_SUITE("14.3 multi_thread") {
    TEST_CASE("block_on runs its future on the calling thread") {
        rt::MultiThread runtime(2);
        CHECK(runtime.worker_count() == 2);
        CHECK(runtime.block_on(rt::ready(3)) == 3);
        CHECK(runtime.block_on(where_am_i()) == rt::this_thread_id());
        CHECK(rt::try_current() == nullptr);
    }

    TEST_CASE("as many workers as the machine runs at once") {
        rt::MultiThread runtime;
        CHECK(runtime.worker_count() == rt::available_parallelism());
        CHECK(runtime.is_multi_threaded());
    }

    TEST_CASE("tasks run on the workers") {
        rt::MultiThread runtime(2);
        rt::ThreadId const inside = runtime.block_on(runtime.spawn(where_am_i()));
        CHECK(inside != rt::this_thread_id());
    }

    TEST_CASE("the runtime is the current one in block_on and in tasks") {
        rt::MultiThread runtime(2);
        auto look = [](rt::Context&) -> rt::Poll<rt::Scheduler*> { return rt::Ready(rt::try_current()); };
        CHECK(runtime.block_on(rt::poll_fn(look)) == &runtime);
        CHECK(runtime.block_on(runtime.spawn(rt::poll_fn(look))) == &runtime);
    }

    TEST_CASE("spawn inside of block_on and inside of tasks") {
        auto inner = []() -> rt::Async<int> {
            rt::JoinHandle<int> handle = rt::spawn(give(20));
            co_return co_await handle + 1;
        };
        auto outer = [inner]() -> rt::Async<int> {  // house-rule: allow named, and it outlives its frame
            rt::JoinHandle<int> handle = rt::spawn(inner);
            co_return co_await handle * 2;
        };
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(outer()) == 42);
    }

    TEST_CASE("what block_on runs need not be Send") {
        struct Bound : rt::ThreadBound {
            using Output = int;
            Bound() = default;
            rt::Poll<int> poll(rt::Context& cx) {
                require_own_thread("Bound");
                if (polls++ == 0) {
                    cx.waker().wake_by_ref();
                    return rt::Pending;
                }
                return rt::Ready(polls);
            }
            int polls = 0;
        };
        rt::MultiThread runtime(2);
        CHECK(runtime.block_on(Bound()) == 2);
    }

    TEST_CASE("all workers run at once") {
        constexpr int workers = 4;
        rt::MultiThread runtime(workers);
        for (int round = 0; round < 100; ++round) {
            step("round {}: {} tasks wait for each other, each on its thread", round, workers);
            std::latch all(workers);
            rt::JoinSet<> tasks;
            auto main = [&]() -> rt::Async<> {  // house-rule: allow named, and it outlives its frame
                for (int i = 0; i < workers; ++i) {
                    tasks.spawn(meet(&all));
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
            step("round {}: a task queues {} others and waits for them without giving its thread up", round, workers - 1);
            std::latch all(workers);
            std::latch* const meeting = &all;
            auto block = [meeting]() -> rt::Async<> {
                std::vector<rt::JoinHandle<>> others;
                for (int i = 1; i < workers; ++i) {
                    others.push_back(rt::spawn(meet(meeting)));
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
        rt::MultiThread runtime(2);
        for (int round = 0; round < 50; ++round) {
            step("round {}: a task queues one other and waits for it without giving its thread up", round);
            std::latch both(2);
            std::latch* const meeting = &both;
            auto block = [meeting]() -> rt::Async<> {
                rt::JoinHandle<> other = rt::spawn(meet(meeting));
                meeting->arrive_and_wait();
                co_await other;
            };
            auto main = [&]() -> rt::Async<> {  // house-rule: allow named, and it outlives its frame
                rt::JoinHandle<> blocked = rt::spawn(block);
                co_await blocked;
            };
            runtime.block_on(main());
        }
    }

    TEST_CASE("one task at a time is submitted to a sleeping runtime from outside") {
        constexpr int times = 10'000;
        Random random(seed_of_this_run());
        rt::MultiThread runtime(2);
        step("spawn a task and wait for it, {} times", times);
        for (int n = 0; n < times; ++n) {
            still_alive();
            REQUIRE(runtime.block_on(runtime.spawn(give(n))) == n);
            for (int pause = random.below(200); pause > 0; --pause) {
                still_alive();
            }
        }
    }

    TEST_CASE("one task at a time is submitted from inside") {
        constexpr int times = 10'000;
        seed_of_this_run();
        auto submit = []() -> rt::Async<int> {
            int sum = 0;
            for (int n = 0; n < times; ++n) {
                still_alive();
                rt::JoinHandle<int> handle = rt::spawn(give(1));
                sum += co_await handle;
            }
            co_return sum;
        };
        for (unsigned const workers : {1U, 2U, 3U}) {
            step("a task of {} workers spawns another and waits for it, {} times", workers, times);
            rt::MultiThread runtime(workers);
            CHECK(runtime.block_on(runtime.spawn(submit())) == times);
        }
    }

    TEST_CASE("stress: wakes from a foreign thread reach a sleeping runtime") {
        constexpr int times = 5'000;
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
        constexpr int rounds = 1'500;
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

    TEST_CASE("a newcomer from outside runs though the own queue is never empty") {
        rt::MultiThread runtime(1);
        std::latch busy(1);
        std::latch spawned(1);
        rt::Atomic<int> polls{0};
        rt::Atomic<bool> over{false};
        auto yielder = [&](int id) {
            return rt::poll_fn([&, id](rt::Context& cx) -> rt::Poll<void> {
                still_alive();
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
            still_alive();
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
        for (int round = 0; round < 100; ++round) {
            Bell bell;
            Remote<> first("the first event");
            Remote<> second("the second event");
            rt::Atomic<int> heard{0};
            std::latch in_poll(1);
            std::latch until_second(1);
            rt::MultiThread runtime(2);
            runtime.set_base(bell);
            auto block = [&](CountedFuture<void> event) -> rt::Async<> {
                co_await event;
                in_poll.count_down();
                until_second.wait();
            };
            auto release = [&](CountedFuture<void> event) -> rt::Async<> {
                co_await event;
                until_second.count_down();
                heard.fetch_add(1, rt::relaxed);
            };
            step("two tasks wait for an event each");
            rt::JoinHandle<> blocked = runtime.spawn(block(first.future()));
            rt::JoinHandle<> releasing = runtime.spawn(release(second.future()));
            bell.ring(first);
            in_poll.wait();
            step("the worker that saw the first stands in a poll; another must see the second");
            bell.ring(second);
            runtime.block_on(std::move(releasing));
            runtime.block_on(std::move(blocked));
            CHECK(heard == 1);
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

    TEST_CASE("an exception of a task goes to its handle and the worker goes on") {
        rt::MultiThread runtime(2);
        for (int n = 0; n < 100; ++n) {
            std::string const what = "number " + std::to_string(n);
            CHECK_THROWS_WITH_AS(runtime.block_on(runtime.spawn(fail_with(what))), what.c_str(), std::runtime_error);
        }
        CHECK_THROWS_AS(runtime.block_on(fail_with("main")), std::runtime_error);
        std::latch both(2);
        rt::JoinHandle<> one = runtime.spawn(meet(&both));
        runtime.block_on(runtime.spawn(meet(&both)));
        runtime.block_on(std::move(one));
    }

    TEST_CASE("abort destroys a waiting task") {
        DropCounter frames;
        Remote<> never("never");
        rt::MultiThread runtime(2);
        auto wait = [](CountedFuture<void> future, DropCounter::Token) -> rt::Async<> { co_await future; };
        rt::JoinHandle<> handle = runtime.spawn(wait(never.future(), frames.token()));
        handle.abort();
        CHECK_THROWS_AS(runtime.block_on(std::move(handle)), rt::Cancelled);
        CHECK(frames.alive() == 0);
    }

    TEST_CASE("stress: abort meets a poll") {
        constexpr int times = 2'000;
        Random random(seed_of_this_run());
        DropCounter frames;
        rt::MultiThread runtime(2);
        auto spin = [](DropCounter::Token) -> rt::Async<> {
            for (;;) {
                co_await rt::yield_now();
            }
        };
        step("abort a task that runs, {} times", times);
        for (int n = 0; n < times; ++n) {
            still_alive();
            rt::JoinHandle<> handle = runtime.spawn(spin(frames.token()));
            for (int pause = random.below(500); pause > 0; --pause) {
                still_alive();
            }
            handle.abort();
            CHECK_THROWS_AS(runtime.block_on(std::move(handle)), rt::Cancelled);
            REQUIRE(frames.alive() == 0);
        }
    }

    TEST_CASE("a detached task runs to its end") {
        rt::MultiThread runtime(2);
        std::latch done(1);
        auto run = [&done]() -> rt::Async<> {  // house-rule: allow spawned as a callable, which the task keeps
            co_await rt::yield_now();
            done.count_down();
        };
        auto main = [&run]() -> rt::Async<> {  // house-rule: allow named, and it outlives its frame
            rt::spawn(run).detach();
            co_return;
        };
        runtime.block_on(main());
        done.wait();
    }

    TEST_CASE("a JoinSet of ten thousand") {
        constexpr int size = 10'000;
        auto main = []() -> rt::Async<long> {
            rt::JoinSet<int> tasks;
            for (int n = 0; n < size; ++n) {
                tasks.spawn(give(n));
            }
            long sum = 0;
            while (!tasks.is_empty()) {
                still_alive();
                std::optional<int> one = co_await tasks.join_next();
                sum += *one;
            }
            co_return sum;
        };
        rt::MultiThread runtime(3);
        step("from outside");
        CHECK(runtime.block_on(main()) == long{size} * (size - 1) / 2);
        step("from inside");
        CHECK(runtime.block_on(runtime.spawn(main())) == long{size} * (size - 1) / 2);
    }

    TEST_CASE("block_on on several threads at once") {
        rt::MultiThread runtime(2);
        std::latch all(3);
        auto use = [&](int first) {
            all.arrive_and_wait();
            auto main = [](int from) -> rt::Async<int> {
                int sum = 0;
                for (int n = from; n < from + 200; ++n) {
                    rt::JoinHandle<int> handle = rt::spawn(give(n));
                    sum += co_await handle;
                }
                co_return sum;
            };
            CHECK(runtime.block_on(main(first)) == 200 * first + 19'900);
        };
        step("three threads run their own main on one runtime");
        TestThread one([&] { use(1'000); });
        TestThread two([&] { use(2'000); });
        use(3'000);
    }

    TEST_CASE("two runtimes hand tasks' wakes to each other") {
        rt::MultiThread left(1);
        rt::MultiThread right(1);
        auto across = [](rt::MultiThread* other) -> rt::Async<int> {
            int sum = 0;
            for (int n = 0; n < 200; ++n) {
                rt::JoinHandle<int> handle = other->spawn(give(n));
                sum += co_await handle;
            }
            co_return sum;
        };
        CHECK(left.block_on(left.spawn(across(&right))) == 19'900);
    }

    TEST_CASE("the budget is refilled for each poll") {
        rt::MultiThread runtime(1);
        auto spend_all = [](rt::Context& cx) -> rt::Poll<unsigned> {
            unsigned n = 0;
            for (; rt::budget::has_some(cx); ++n) {
                rt::budget::spend();
            }
            return rt::Ready(n);
        };
        CHECK(runtime.block_on(rt::poll_fn(spend_all)) == rt::budget::per_poll);
        CHECK(runtime.block_on(runtime.spawn(rt::poll_fn(spend_all))) == rt::budget::per_poll);
        CHECK(runtime.block_on(runtime.spawn(rt::poll_fn(spend_all))) == rt::budget::per_poll);
    }

    TEST_CASE("misuse is a sentence") {
        expect_violation("a runtime with no worker would never run a task", [] { rt::MultiThread runtime(0); },
                         Noticed::in_every_build);
        expect_violation("spawn_local on a multi_thread runtime",
                         [] {
                             rt::MultiThread runtime(1);
                             auto local = [](rt::Context&) -> rt::Poll<void> {
                                 rt::spawn_local(rt::ready()).detach();
                                 return rt::Ready();
                             };
                             runtime.block_on(rt::poll_fn(local));
                         },
                         Noticed::in_every_build);
        expect_violation("block_on inside of a future",
                         [] {
                             rt::MultiThread runtime(1);
                             auto nested = [&runtime](rt::Context&) -> rt::Poll<int> {
                                 return rt::Ready(runtime.block_on(rt::ready(1)));
                             };
                             runtime.block_on(runtime.spawn(rt::poll_fn(nested)));
                         },
                         Noticed::in_every_build);
        expect_violation("a MultiThread was destroyed inside of a future",
                         [] {
                             auto runtime = std::make_unique<rt::MultiThread>(1);
                             auto destroy = [&runtime](rt::Context&) -> rt::Poll<void> {
                                 runtime.reset();
                                 return rt::Ready();
                             };
                             rt::MultiThread* const address = runtime.get();
                             address->block_on(address->spawn(rt::poll_fn(destroy)));
                         },
                         Noticed::in_every_build);
    }
}
