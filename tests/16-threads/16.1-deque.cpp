/// \file
/// 16.1: the queue of a worker, and the queue of all.
#include <doctest/doctest.h>

#include <rt/deque.hpp>
#include <rt/future.hpp>
#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/task_list.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

using namespace support;

namespace {

/// Where tasks would go that are woken; these are not.
class Nowhere final : public rt::Schedule {
  public:
    void schedule(rt::Runnable) noexcept override { FAIL_CHECK("a task was woken that nobody woke"); }
};

/// Writes down which tasks have run.
class Ledger {
  public:
    explicit Ledger(std::size_t size) : runs_(size) {}

    /// A task that notes `number` when it runs.
    rt::Runnable task(std::size_t number) {
        auto note = [this, number](rt::Context&) -> rt::Poll<void> {
            runs_[number].fetch_add(1, rt::relaxed);
            last_ = static_cast<int>(number);
            return rt::Ready();
        };
        auto [runnable, handle] = rt::make_task(rt::poll_fn(note), nowhere_);
        handles_.push_back(std::move(handle));
        return std::move(runnable);
    }

    /// Runs it, and says which it was; -1: none. For one thread.
    int run(std::optional<rt::Runnable> runnable) {
        if (!runnable) {
            return -1;
        }
        std::move(*runnable).run();
        return last_;
    }

    /// Those that did not run exactly once.
    std::vector<std::size_t> wrong() const {
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < runs_.size(); ++i) {
            if (runs_[i].load(rt::relaxed) != 1) {
                numbers.push_back(i);
            }
        }
        return numbers;
    }

  private:
    Nowhere nowhere_;
    std::vector<rt::Atomic<int>> runs_;
    std::vector<rt::JoinHandle<>> handles_;  // so that one that runs twice is still there
    inline static thread_local int last_ = -1;
};

/// Pops all, as numbers.
template <class Queue>
std::vector<int> drain(Queue& queue, Ledger& ledger) {
    std::vector<int> order;
    while (auto runnable = queue.pop()) {
        order.push_back(ledger.run(std::move(runnable)));
    }
    return order;
}

std::vector<int> from_to(int first, int last) {
    std::vector<int> numbers;
    for (int n = first; n <= last; ++n) {
        numbers.push_back(n);
    }
    return numbers;
}

void push(rt::Deque& queue, Ledger& ledger, rt::InjectionQueue& overflow, std::size_t first, std::size_t last) {
    step("push {} to {}", first, last);
    for (std::size_t n = first; n <= last; ++n) {
        queue.push(ledger.task(n), overflow);
    }
}

}  // namespace

TEST_SUITE("16.1 the queue of a worker") {
    TEST_CASE("a new queue is empty") {
        rt::Deque queue;
        CHECK(queue.is_empty());
        CHECK(queue.size() == 0);
        CHECK_FALSE(queue.pop().has_value());
    }

    TEST_CASE("first in first out") {
        Ledger ledger(5);
        rt::InjectionQueue overflow;
        rt::Deque queue;
        push(queue, ledger, overflow, 0, 2);
        CHECK(queue.size() == 3);
        CHECK(ledger.run(queue.pop()) == 0);
        push(queue, ledger, overflow, 3, 4);
        CHECK(drain(queue, ledger) == from_to(1, 4));
        CHECK(queue.is_empty());
        CHECK(overflow.is_empty());
    }

    TEST_CASE("a push says whether the task is the only one") {
        Ledger ledger(4);
        rt::InjectionQueue overflow;
        rt::Deque queue;
        CHECK(queue.push(ledger.task(0), overflow));
        CHECK_FALSE(queue.push(ledger.task(1), overflow));
        CHECK(drain(queue, ledger) == from_to(0, 1));
        CHECK(queue.push(ledger.task(2), overflow));
        CHECK_FALSE(queue.push(ledger.task(3), overflow));
        CHECK(drain(queue, ledger) == from_to(2, 3));
    }

    TEST_CASE("indices run over every power of two") {
        for (std::uint64_t const first :
             {(std::uint64_t{1} << 8U) - 3, (std::uint64_t{1} << 16U) - 3, (std::uint64_t{1} << 32U) - 3,
              std::numeric_limits<std::uint64_t>::max() - 3}) {
            step("begin at index {}", first);
            Ledger ledger(600);
            rt::InjectionQueue overflow;
            rt::Deque queue(first);
            CHECK(queue.is_empty());
            push(queue, ledger, overflow, 0, 255);
            CHECK(queue.size() == 256);
            CHECK(overflow.is_empty());
            for (int n = 0; n < 250; ++n) {
                CHECK(ledger.run(queue.pop()) == n);
            }
            push(queue, ledger, overflow, 256, 300);
            rt::Deque thief(first);
            CHECK(ledger.run(thief.steal_from(queue)) == 250);
            CHECK(thief.size() == 25);
            CHECK(drain(thief, ledger) == from_to(251, 275));
            CHECK(drain(queue, ledger) == from_to(276, 300));
        }
    }

    TEST_CASE("256 fit and the next one sends the older half to the injection queue") {
        Ledger ledger(257);
        rt::InjectionQueue overflow;
        rt::Deque queue;
        push(queue, ledger, overflow, 0, 255);
        CHECK(queue.size() == 256);
        CHECK(overflow.is_empty());

        push(queue, ledger, overflow, 256, 256);
        CHECK(queue.size() == 128);
        std::vector<int> moved = from_to(0, 127);
        moved.push_back(256);
        CHECK(drain(overflow, ledger) == moved);
        CHECK(drain(queue, ledger) == from_to(128, 255));
    }

    TEST_CASE("a thief takes the older half rounded up") {
        Ledger ledger(5);
        rt::InjectionQueue overflow;
        rt::Deque queue;
        rt::Deque thief;
        push(queue, ledger, overflow, 0, 4);

        CHECK(ledger.run(thief.steal_from(queue)) == 0);
        CHECK(thief.size() == 2);
        CHECK(queue.size() == 2);
        CHECK(drain(thief, ledger) == from_to(1, 2));
        CHECK(drain(queue, ledger) == from_to(3, 4));
    }

    TEST_CASE("a thief takes a lone task and nothing of nothing") {
        Ledger ledger(1);
        rt::InjectionQueue overflow;
        rt::Deque queue;
        rt::Deque thief;
        CHECK_FALSE(thief.steal_from(queue).has_value());
        push(queue, ledger, overflow, 0, 0);
        CHECK(ledger.run(thief.steal_from(queue)) == 0);
        CHECK(queue.is_empty());
        CHECK(thief.is_empty());
        CHECK_FALSE(queue.pop().has_value());
    }

    TEST_CASE("what is left at the end is cancelled") {
        Nowhere nowhere;
        DropCounter frames;
        std::vector<rt::JoinHandle<>> handles;
        {
            rt::InjectionQueue overflow;
            rt::Deque queue;
            for (int i = 0; i < 300; ++i) {
                auto wait = [token = frames.token()](rt::Context&) -> rt::Poll<void> { return rt::Pending; };
                auto [runnable, handle] = rt::make_task(rt::poll_fn(std::move(wait)), nowhere);
                queue.push(std::move(runnable), overflow);
                handles.push_back(std::move(handle));
            }
            CHECK(frames.alive() == 300);
        }
        CHECK(frames.alive() == 0);
        for (auto& handle : handles) {
            CHECK(handle.is_finished());
        }
    }

    TEST_CASE("the injection queue gives each worker its share") {
        Ledger ledger(10);
        rt::InjectionQueue injection;
        for (std::size_t n = 0; n < 10; ++n) {
            injection.push(ledger.task(n), [] {});
        }
        CHECK_FALSE(injection.is_empty());

        step("one of four workers");
        rt::TaskQueue quarter = injection.take_share(4, 128);
        CHECK(drain(quarter, ledger) == from_to(0, 2));  // 10 / 4 + 1

        step("the only worker, at most five");
        rt::TaskQueue five = injection.take_share(1, 5);
        CHECK(drain(five, ledger) == from_to(3, 7));
        CHECK(drain(injection, ledger) == from_to(8, 9));
        CHECK(injection.take_share(4, 128).is_empty());
        CHECK(injection.is_empty());
    }

    TEST_CASE("stress: every task is taken exactly once") {
        auto const tasks = static_cast<std::size_t>(rounds_of(40'000));
        std::uint64_t const seed = seed_of_this_run();
        Ledger ledger(tasks);
        rt::InjectionQueue overflow;
        rt::Deque queue((std::uint64_t{1} << 32U) - tasks / 2);
        rt::Atomic<std::size_t> done{0};
        auto run = [&](std::optional<rt::Runnable> runnable) {
            if (runnable) {
                ledger.run(std::move(runnable));
                done.fetch_add(1, rt::relaxed);
            }
        };
        auto steal = [&](int id) {
            Random random(seed + static_cast<std::uint64_t>(id));
            rt::Deque own;
            while (done.load(rt::relaxed) < tasks) {
                run(own.steal_from(queue));
                while (auto runnable = own.pop()) {
                    run(std::move(runnable));
                }
                if (random.below(2) == 0) {
                    run(overflow.pop());
                }
            }
        };
        TestThread first([&] { steal(1); });
        TestThread second([&] { steal(2); });

        step("push {} tasks while two threads steal", tasks);
        Random random(seed);
        for (std::size_t pushed = 0; pushed < tasks;) {
            still_alive();
            for (int n = random.below(300); n > 0 && pushed < tasks; --n) {
                queue.push(ledger.task(pushed++), overflow);
            }
            for (int n = random.below(200); n > 0; --n) {
                run(queue.pop());
            }
        }
        step("empty the queue");
        while (done.load(rt::relaxed) < tasks) {
            run(queue.pop());
            run(overflow.pop());
        }
        first.join();
        second.join();
        CHECK(done.load(rt::relaxed) == tasks);
        CHECK(ledger.wrong() == std::vector<std::size_t>{});
    }

    TEST_CASE("stress: two thieves and the owner want the same few tasks") {
        constexpr std::size_t tasks = 3;
        int const rounds = rounds_of(300'000);
        seed_of_this_run();
        Ledger ledger(tasks);
        rt::InjectionQueue back;
        rt::Deque queue;
        std::vector<rt::Task*> known;
        std::vector<rt::Atomic<bool>> held(tasks);
        rt::Atomic<bool> over{false};
        rt::Atomic<int> held_twice{0};
        auto hold = [&](rt::Runnable& runnable, bool now) {
            for (std::size_t n = 0; n < tasks; ++n) {
                if (known[n] == &runnable.task() && held[n].exchange(now, rt::relaxed) == now) {
                    held_twice.fetch_add(1, rt::relaxed);
                    over.store(true, rt::relaxed);
                }
            }
        };
        for (std::size_t n = 0; n < tasks; ++n) {
            rt::Runnable runnable = ledger.task(n);
            known.push_back(&runnable.task());
            queue.push(std::move(runnable), back);
        }
        auto steal = [&] {
            rt::Deque own;
            while (!over.load(rt::relaxed)) {
                for (auto stolen = own.steal_from(queue); stolen; stolen = own.pop()) {
                    hold(*stolen, true);
                    hold(*stolen, false);
                    back.push(std::move(*stolen), [] {});
                }
            }
        };
        TestThread first(steal);
        TestThread second(steal);
        step("pop and push, {} times, while two threads steal", rounds);
        for (int round = 0; round < rounds && !over.load(rt::relaxed); ++round) {
            still_alive();
            std::optional<rt::Runnable> runnable = queue.pop();
            if (!runnable) {
                runnable = back.pop();
            }
            if (runnable) {
                hold(*runnable, true);
                hold(*runnable, false);
                queue.push(std::move(*runnable), back);
            }
        }
        over.store(true, rt::relaxed);
        first.join();
        second.join();
        REQUIRE(held_twice.load(rt::relaxed) == 0);
        drain(queue, ledger);
        drain(back, ledger);
        CHECK(ledger.wrong() == std::vector<std::size_t>{});
    }
}
