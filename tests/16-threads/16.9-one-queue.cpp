/// \file
/// 16.9: the queue of a worker, with threads that want the same tasks.
#include "numbered_tasks.hpp"

#include <doctest/doctest.h>
#include <rt/deque.hpp>
#include <rt/future.hpp>
#include <rt/injection.hpp>
#include <rt/runnable.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

using namespace support;

namespace {

/// Writes down which tasks have run.
class Ledger {
  public:
    explicit Ledger(std::size_t size) : runs_(size) {}

    /// A task that notes `number` when it runs.
    rt::Runnable task(std::size_t number) {
        auto note = [this, number](rt::Context&) -> rt::Poll<void> {
            runs_[number].fetch_add(1, rt::relaxed);
            return rt::Ready();
        };
        auto [runnable, handle] = rt::make_task(rt::poll_fn(note), nowhere_);
        handles_.push_back(std::move(handle));
        return std::move(runnable);
    }

    void run(std::optional<rt::Runnable> runnable) {
        if (runnable) {
            std::move(*runnable).run();
        }
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
    NeverWoken nowhere_;
    std::vector<rt::Atomic<int>> runs_;
    std::vector<rt::JoinHandle<>> handles_;  // so that one that runs twice is still there
};

}  // namespace

TEST_SUITE("16.9 all together") {
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
        while (auto left = queue.pop()) {
            ledger.run(std::move(left));
        }
        while (auto left = back.pop()) {
            ledger.run(std::move(left));
        }
        CHECK(ledger.wrong() == std::vector<std::size_t>{});
    }
}
