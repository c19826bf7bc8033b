/// \file
/// The book's executor without a heap. The tests play an interrupt after each access of the executor to an atomic.
#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <support/counted_new.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/stepped_atomic.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>

template <class T>
inline constexpr bool support::is_stepped<T*> = true;

#define Atomic SteppedAtomic
#define main static_tasks_main
#include <programs/static-tasks.cpp>
#undef main
#undef Atomic

using namespace support;
using rt::Pending, rt::Ready;

namespace {

/// What a test sees of a Door.
struct Seen {
    int polls = 0;
    bool is_open = false;
    rt::Waker waker{};

    void open() noexcept {
        is_open = true;
        waker.wake_by_ref();
    }
};

/// A future that is Ready once it is open.
class Door {
  public:
    using Output = void;
    explicit Door(Seen* seen) : seen_(seen) {}
    rt::Poll<void> poll(rt::Context& cx) noexcept {
        ++seen_->polls;
        seen_->waker = cx.waker();
        if (!seen_->is_open) {
            return Pending;
        }
        return Ready();
    }

  private:
    Seen* seen_;
};

/// Waits for a signal so many times.
class Receiver {
  public:
    using Output = void;
    Receiver(Signal* signal, int times) : signal_(signal), left_(times) {}
    rt::Poll<void> poll(rt::Context& cx) noexcept {
        for (; left_ > 0; --left_) {
            if (signal_->poll_raised(cx).is_pending()) {
                return Pending;
            }
        }
        return Ready();
    }

  private:
    Signal* signal_;
    int left_;
};

}  // namespace

TEST_SUITE("static tasks") {
    TEST_CASE("neither tasks nor wakes nor ends allocate") {
        static constinit StaticTask<Receiver> first(executor);
        static constinit StaticTask<rt::Countdown> second(executor);
        Signal signal;
        rt::Atomic<bool> may_raise{false};
        TestThread interrupts([&] {
            may_raise.wait(false, rt::acquire);
            for (int i = 0; i < 10; ++i) {
                signal.raise();
            }
        });
        long const before = allocations();
        bool const spawned = first.spawn(Receiver(&signal, 10)) && second.spawn(rt::Countdown(3));
        may_raise.store(true, rt::release);
        may_raise.notify_one();
        executor.run();
        bool const again = first.spawn(Receiver(&signal, 0));
        executor.run();
        long const after = allocations();
        CHECK(spawned);
        CHECK(again);
        CHECK(after - before == 0);
    }

    TEST_CASE("a task is polled once for its birth and once for its wakes") {
        Seen seen;
        StaticTask<Door> task(executor);
        CHECK(task.spawn(Door(&seen)));
        CHECK(seen.polls == 0);
        executor.turn();
        executor.turn();
        CHECK(seen.polls == 1);
        step("wake twice");
        seen.waker.wake_by_ref();
        seen.waker.wake_by_ref();
        executor.turn();
        executor.turn();
        CHECK(seen.polls == 2);
        step("open the door");
        seen.open();
        executor.run();
        CHECK(seen.polls == 3);
    }

    TEST_CASE("a task that wakes itself waits for the next turn") {
        StaticTask<rt::Countdown> task(executor);
        StaticTask<rt::Countdown> neighbor(executor);
        CHECK(task.spawn(rt::Countdown(2)));
        CHECK(neighbor.spawn(rt::Countdown(0)));
        executor.turn();
        CHECK(neighbor.spawn(rt::Countdown(0)));  // it has ended in the first turn
        executor.turn();
        CHECK_FALSE(task.spawn(rt::Countdown(0)));  // one more poll is left
        executor.turn();
        CHECK(task.spawn(rt::Countdown(0)));
        executor.run();
    }

    TEST_CASE("a storage is in use until its future is Ready and no wake is queued") {
        DropCounter counter;
        Seen seen;
        auto make = [&counter, &seen] {
            return rt::poll_fn(
                [token = counter.token(), door = Door(&seen)](rt::Context& cx) mutable { return door.poll(cx); });
        };
        StaticTask<decltype(make())> task(executor);
        CHECK(task.spawn(make()));
        CHECK_FALSE(task.spawn(make()));
        CHECK(counter.alive() == 1);
        executor.turn();
        seen.open();
        executor.turn();
        CHECK(seen.polls == 2);
        CHECK(counter.alive() == 0);

        step("wake the task that has ended");
        seen.waker.wake_by_ref();
        CHECK_FALSE(task.spawn(make()));
        executor.turn();
        CHECK(seen.polls == 2);
        CHECK(task.spawn(make()));
        executor.run();
        CHECK(seen.polls == 3);
        CHECK(counter.alive() == 0);
    }

    TEST_CASE("a late wake at any moment of a spawn queues the task once") {
        for (int moment = 0; moment <= 4; ++moment) {
            Seen first;
            StaticTask<Door> task(executor);
            CHECK(task.spawn(Door(&first)));
            executor.turn();
            first.open();
            executor.turn();

            step("wake the task that has ended after access {} of the next spawn", moment);
            Seen second;
            bool spawned = false;
            Steps::between(
                [&](int access, auto&) {
                    if (access == moment) {
                        first.waker.wake_by_ref();
                    }
                },
                [&] { spawned = task.spawn(Door(&second)); });
            CHECK(spawned == (moment != 0));  // a wake before the spawn keeps the storage until the next turn
            executor.turn();
            CHECK(second.polls == (spawned ? 1 : 0));
            executor.turn();
            CHECK(second.polls <= 1);
            if (spawned) {
                second.open();
                executor.run();
            }
        }
    }

    TEST_CASE("an interrupt at any moment is followed by a poll") {
        for (bool is_queued : {false, true}) {
            int moments = 1;
            for (int moment = 0; moment < moments; ++moment) {
                Seen seen;
                StaticTask<Door> task(executor);
                CHECK(task.spawn(Door(&seen)));
                executor.turn();
                auto queue = [&] {
                    if (is_queued) {
                        seen.waker.wake_by_ref();
                    }
                };
                queue();
                Steps::between([](int, auto&) {}, [] { executor.turn(); });
                moments = Steps::accesses + 1;
                queue();
                step("{} task, interrupt after access {} of {}", is_queued ? "queued" : "sleeping", moment,
                     moments - 1);
                Steps::between(
                    [&](int access, auto&) {
                        if (access == moment) {
                            seen.open();
                        }
                    },
                    [] { executor.run(); });
                CHECK(seen.is_open);
                CHECK(seen.polls <= (is_queued ? 4 : 2));
            }
            CHECK(moments == (is_queued ? 4 : 3));
        }
    }

    TEST_CASE("an interrupt at any moment of another push is followed by a poll") {
        for (int moment = 0; moment <= 4; ++moment) {
            Seen one;
            Seen other;
            StaticTask<Door> first(executor);
            StaticTask<Door> second(executor);
            CHECK(first.spawn(Door(&one)));
            CHECK(second.spawn(Door(&other)));
            executor.turn();
            step("interrupt after access {}", moment);
            Steps::between(
                [&](int access, auto&) {
                    if (access == moment) {
                        other.open();
                    }
                },
                [&] { one.open(); });
            CHECK(other.is_open);
            executor.run();
            CHECK(one.polls == 2);
            CHECK(other.polls == 2);
        }
    }

    TEST_CASE("a turn at any moment of a push polls the task or ends the next sleep") {
        static const void* event = nullptr;  // the first atomic that a turn touches
        static unsigned value = 0;
        Steps::on_access = [](const Access& access) {
            event = event == nullptr ? access.atomic : event;
            value = access.atomic == event ? access.after : value;
        };
        executor.turn();
        for (int moment = 0; moment <= 4; ++moment) {
            Seen seen;
            StaticTask<Door> task(executor);
            CHECK(task.spawn(Door(&seen)));
            executor.turn();
            step("turn after access {}", moment);
            Steps::between(
                [&](int access, auto&) {
                    if (access == moment) {
                        executor.turn();
                    }
                },
                [&] { seen.open(); });
            CHECK((seen.polls == 2 || value == 1));
            executor.run();
            CHECK(seen.polls == 2);
        }
        Steps::on_access = nullptr;
    }

    TEST_CASE("no signal of two threads is lost") {
        int const times = rounds_of(20'000);
        std::latch ready(2);
        Signal signals[2];
        StaticTask<Receiver> one(executor);
        StaticTask<Receiver> other(executor);
        CHECK(one.spawn(Receiver(&signals[0], times)));
        CHECK(other.spawn(Receiver(&signals[1], times)));
        auto raise = [&](Signal& signal) {
            ready.arrive_and_wait();
            for (int i = 0; i < times; ++i) {
                signal.raise();
            }
        };
        TestThread first([&] { raise(signals[0]); });
        TestThread second([&] { raise(signals[1]); });
        executor.run();
    }
}
