#include <doctest/doctest.h>
#include <rt/async.hpp>
#include <rt/block_on.hpp>
#include <rt/budget.hpp>
#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/multi_thread.hpp>
#include <rt/notify.hpp>
#include <rt/sync.hpp>
#include <support/mock_task.hpp>
#include <support/random.hpp>
#include <support/show.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

using namespace support;
using rt::Async;
using rt::Notified;
using rt::Notify;
using rt::Pending;
using rt::Ready;

namespace {

Async<> ping(Notify* mine, Notify* other, int rounds) {
    for (int i = 0; i < rounds; ++i) {
        other->notify_one();
        co_await mine->notified();
    }
    other->notify_one();
}

Async<> ping_pong(int rounds) {
    Notify left;
    Notify right;
    auto a = rt::spawn(ping(&left, &right, rounds));
    auto b = rt::spawn(ping(&right, &left, rounds));
    co_await a;
    co_await b;
}

/// A one-place mailbox: what Notify is for.
class Mailbox {
  public:
    Mailbox() = default;

    Async<> put(int value) {
        for (;;) {
            if (try_put(value)) {
                co_return;
            }
            co_await emptied_.notified();
        }
    }
    Async<int> take() {
        for (;;) {
            if (int value = value_.exchange(none, rt::acq_rel); value != none) {
                emptied_.notify_one();
                co_return value;
            }
            co_await filled_.notified();
        }
    }

  private:
    static constexpr int none = -1;

    bool try_put(int value) {
        int expected = none;
        bool put = value_.compare_exchange_strong(expected, value, rt::acq_rel, rt::relaxed);
        if (put) {
            filled_.notify_one();
        }
        return put;
    }

    rt::Atomic<int> value_{none};
    Notify filled_;
    Notify emptied_;
};

}  // namespace

TEST_SUITE("18.9 all together: notify") {
    TEST_CASE("a task that is always notified gives others their turn") {
        Notify notify;
        int count = 0;
        auto greedy = [](Notify* own, int* taken) -> Async<> {
            for (std::uint64_t i = 0; i < 2 * rt::budget::per_poll; ++i) {
                own->notify_one();
                co_await own->notified();
                ++*taken;
            }
        };
        auto task = spawn_mock("the greedy task", greedy(&notify, &count));
        rt::budget::refill();
        CHECK(task.poll() == Pending);
        CHECK(count == static_cast<int>(rt::budget::per_poll));
        CHECK(task.wakes() == 1);
        rt::budget::refill();
        CHECK(task.poll() == Ready());
        CHECK(count == 2 * static_cast<int>(rt::budget::per_poll));
        rt::budget::lift();
    }

    TEST_CASE("two tasks on one thread") {
        rt::CurrentThread runtime;
        runtime.block_on(ping_pong(10'000));
        step("done");
    }

    TEST_CASE("two tasks on two threads") {
        rt::MultiThread runtime(2);
        runtime.block_on(ping_pong(5'000));
        step("done");
    }

    TEST_CASE("the last one to be woken may destroy the Notify") {
        for (int round = 0; round < 2'000; ++round) {
            still_alive();
            auto notify = std::make_unique<Notify>();
            rt::Atomic<Notify*> shared{notify.get()};
            TestThread notifier([&] {
                Notify* there = shared.load(rt::acquire);
                round % 2 == 0 ? there->notify_one() : there->notify_waiters();
            });
            auto wait = [](std::unique_ptr<Notify> own, bool may_be_late) -> Async<> {
                if (!may_be_late) {
                    co_await own->notified();
                }
            };
            // With notify_waiters, a notification may be too early to be heard: then this does not wait for it.
            if (round % 2 != 0) {
                notifier.join();
            }
            rt::block_on(wait(std::move(notify), round % 2 != 0));
        }
        step("done");
    }

    TEST_CASE("a waiter that asks without being woken may destroy the Notify as soon as it is called") {
        for (int round = 0; round < 2'000; ++round) {
            still_alive();
            auto notify = std::make_unique<Notify>();
            auto notified = std::make_unique<Notified>(notify->notified());
            rt::Waker waker = rt::Waker::noop();
            rt::Context cx(waker);
            CHECK(notified->poll(cx) == Pending);
            // It is called while this thread asks again and again: so it may see that before the other one has let go.
            TestThread notifier(
                [there = notify.get(), all = round % 2 != 0] { all ? there->notify_waiters() : there->notify_one(); });
            while (notified->poll(cx) == Pending) {
                rt::yield_thread();
            }
            notified.reset();
            notify.reset();
        }
        step("done");
    }

    TEST_CASE("a mailbox between many: every letter arrives once") {
        constexpr int writers = 3;
        constexpr int readers = 2;
        constexpr int letters = 600;  // of each writer; a multiple of the readers' share
        Mailbox mailbox;
        std::vector<rt::Atomic<int>> seen(writers * letters);
        {
            std::vector<TestThread> threads;
            for (int w = 0; w < writers; ++w) {
                threads.emplace_back([&mailbox, w] {
                    for (int i = 0; i < letters; ++i) {
                        still_alive();
                        rt::block_on(mailbox.put(w * letters + i));
                    }
                });
            }
            for (int r = 0; r < readers; ++r) {
                threads.emplace_back([&mailbox, &seen] {
                    for (int i = 0; i < writers * letters / readers; ++i) {
                        seen[static_cast<std::size_t>(rt::block_on(mailbox.take()))].fetch_add(1, rt::relaxed);
                    }
                });
            }
        }
        bool once = true;
        for (auto& count : seen) {
            once = once && count.load(rt::relaxed) == 1;
        }
        CHECK(once);
    }

    TEST_CASE("permits are neither lost nor doubled by waiters that give up") {
        Random random(seed_of_this_run());
        constexpr int permits = 1'000;
        Notify notify;
        rt::Atomic<int> taken{0};
        rt::Atomic<bool> may_stop{false};
        std::vector<TestThread> threads;
        for (int t = 0; t < 2; ++t) {
            threads.emplace_back([&notify, &taken, &may_stop, own = Random(random.next())]() mutable {
                rt::Waker waker = rt::Waker::noop();
                rt::Context cx(waker);
                // Gives the processor away between two waits. Otherwise, on one processor, a thread that was interrupted with
                // the permit would wait for a whole time slice of each other thread.
                for (; !may_stop.load(rt::acquire); rt::yield_thread()) {
                    Notified notified = notify.notified();
                    for (int polls = own.below(4); polls >= 0; --polls) {
                        if (notified.poll(cx).is_ready()) {
                            taken.fetch_add(1, rt::acq_rel);
                            taken.notify_one();
                            break;
                        }
                    }
                }
            });
        }
        for (int given = 0; given < permits; ++given) {
            still_alive();
            notify.notify_one();
            // Asleep: the permit may be with a waiter whose thread was interrupted, and needs a processor.
            taken.wait(given, rt::acquire);
            if (taken.load(rt::acquire) != given + 1) {
                break;
            }
        }
        CHECK(taken.load(rt::acquire) == permits);
        may_stop.store(true, rt::release);
    }
}
