#include "queue.hpp"

#include <doctest/doctest.h>
#include <rt/future.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <support/counted_future.hpp>
#include <support/counting_waker.hpp>
#include <support/drop_counter.hpp>
#include <support/random.hpp>
#include <support/sanitizers.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace support;
using rt::Pending;
using rt::Ready;

// Two threads wake, one runs, one aborts, one joins; whatever happens first.
namespace {

/// Ready when both flags are set. Counts what must never happen.
class Guarded {
  public:
    struct Shared {
        rt::Atomic<bool> flags[2] = {false, false};
        rt::Atomic<int> inside{0};
        rt::Atomic<int> at_once{0};   // polled by two threads at the same time
        rt::Atomic<int> too_late{0};  // polled after its end
        rt::Atomic<int> destroyed{0};
        rt::Waker wakers[3];
    };
    using Output = DropCounter::Token;

    Guarded(Shared& shared, const DropCounter& outputs) : shared_(&shared), outputs_(&outputs) {}
    Guarded(Guarded&& other) noexcept
        : shared_(std::exchange(other.shared_, nullptr)), outputs_(other.outputs_), done_(other.done_) {}
    ~Guarded() {
        if (shared_ != nullptr) {
            shared_->destroyed.fetch_add(1, rt::relaxed);
        }
    }

    rt::Poll<Output> poll(rt::Context& cx) {
        if (shared_->inside.exchange(1, rt::relaxed) != 0) {
            shared_->at_once.fetch_add(1, rt::relaxed);
        }
        if (done_) {
            shared_->too_late.fetch_add(1, rt::relaxed);
        }
        if (!polled_) {
            polled_ = true;
            for (rt::Waker& waker : shared_->wakers) {
                waker = cx.waker();
            }
        }
        bool const ready = shared_->flags[0].load(rt::relaxed) && shared_->flags[1].load(rt::relaxed);
        done_ = ready;
        shared_->inside.store(0, rt::relaxed);
        if (!ready) {
            return Pending;
        }
        return Ready(outputs_->token());
    }

  private:
    Shared* shared_;
    const DropCounter* outputs_;
    bool polled_ = false;
    bool done_ = false;
};

void spin(int times) noexcept {
    static rt::Atomic<int> nothing{0};
    for (int n = 0; n < times; ++n) {
        (void)nothing.load(rt::relaxed);
    }
}

}  // namespace

TEST_SUITE("09.4 abort and threads") {
    TEST_CASE("a handle that is polled while its task ends hears of it") {
        int const rounds = under_tsan ? 10'000 : 20'000;
        Random random(seed_of_this_run());
        bool again = false;
        SUBCASE("for the first time") {}
        SUBCASE("again, with another waker") { again = true; }
        step("{} rounds: one thread runs the task to its end, another polls its handle", rounds);
        std::optional<rt::Runnable> to_run;
        rt::Atomic<int> begun{0};
        rt::Atomic<int> ended{0};
        auto meet = [](const rt::Atomic<int>& place, int number) {
            for (int spins = 0; place.load(rt::acquire) != number; ++spins) {
                if (spins > 2000) {
                    rt::yield_thread();
                }
            }
        };
        TestThread runner([&] {
            for (int number = 1; number <= rounds; ++number) {
                meet(begun, number);
                std::move(*to_run).run();
                ended.store(number, rt::release);
            }
        });
        int lost = 0;
        int not_returned = 0;
        Queue queue;
        for (int number = 1; number <= rounds; ++number) {
            CountingWaker before;
            CountingWaker waiter;
            rt::Waker const old_waker = before.waker();
            rt::Waker const waker = waiter.waker();
            rt::Context old_cx(old_waker);
            rt::Context cx(waker);
            {
                auto [runnable, handle] = rt::make_task(rt::ready(3), queue);
                if (again) {
                    lost += handle.poll(old_cx).is_ready();
                }
                to_run.emplace(std::move(runnable));
                int const pause = random.below(300);
                begun.store(number, rt::release);
                spin(pause);
                bool const ready = handle.poll(cx).is_ready();
                meet(ended, number);
                lost += !ready && waiter.wakes() != 1;
                to_run.reset();
            }
            not_returned += before.alive() != 1 || waiter.alive() != 1;
            if (number % 10 == 0) {
                still_alive();
            }
        }
        runner.join();
        INFO("the handle said Pending and was not woken: register the waker first, then look once more");
        CHECK(lost == 0);
        INFO("when task and handle are gone, so are the wakers that the handle put down");
        CHECK(not_returned == 0);
    }

    TEST_CASE("threads that wake and run and abort and join at once") {
        int const rounds = under_tsan ? 150 : under_asan ? 300 : 1000;
        Random random(seed_of_this_run());
        int cancelled = 0;
        for (int round = 0; round < rounds; ++round) {
            step("round {}", round);
            Queue queue;
            DropCounter outputs;
            Guarded::Shared shared;
            auto [runnable, handle] = rt::make_task(Guarded(shared, outputs), queue, rt::Owned::yes);
            rt::Task& task = runnable.task();
            queue.start(std::move(runnable));
            CHECK(queue.run_one_silently());  // hands out the wakers

            bool const aborts = random.below(2) == 0;
            int const joins = random.below(4);  // how often the handle is polled; 3: it is dropped afterwards
            int const spins[4] = {random.below(300), random.below(300), random.below(300), random.below(300)};
            bool const by_value[2] = {random.below(2) == 0, random.below(2) == 0};
            CountingWaker joiner_wakes;
            bool joiner_waits = false;
            bool joined = false;
            bool was_cancelled = false;
            rt::Atomic<int> at_work{3};  // threads that may still schedule
            std::latch all_here(5);

            auto waking = [&](int who) {
                return [&, who] {
                    rt::Waker waker = std::move(shared.wakers[who]);
                    all_here.arrive_and_wait();
                    spin(spins[who]);
                    shared.flags[who].store(true, rt::relaxed);
                    if (by_value[who]) {
                        std::move(waker).wake();
                    } else {
                        waker.wake_by_ref();
                    }
                    at_work.fetch_sub(1, rt::release);
                };
            };
            auto aborting = [&] {
                rt::Waker keeps_the_task = std::move(shared.wakers[2]);
                all_here.arrive_and_wait();
                spin(spins[2]);
                if (aborts) {
                    task.abort();
                }
                at_work.fetch_sub(1, rt::release);
            };
            auto joining = [&, mine = std::optional(std::move(handle))]() mutable {
                rt::Waker const waker = joiner_wakes.waker();
                rt::Context cx(waker);
                all_here.arrive_and_wait();
                spin(spins[3]);
                for (int n = 0; n < joins && !joined; ++n) {
                    try {
                        rt::Poll<DropCounter::Token> poll = mine->poll(cx);
                        joined = poll.is_ready();
                    } catch (const rt::Cancelled&) {
                        joined = was_cancelled = true;
                    }
                }
                joiner_waits = joins > 0 && !joined;
                if (joins == 3) {
                    mine.reset();
                    joiner_waits = false;
                } else {
                    handle = *std::exchange(mine, std::nullopt);
                }
            };
            {
                TestThread first(waking(0));
                TestThread second(waking(1));
                TestThread third(aborting);
                TestThread fourth(std::move(joining));
                all_here.arrive_and_wait();
                while (at_work.load(rt::acquire) != 0 || queue.waiting() != 0) {
                    if (!queue.run_one_silently()) {
                        rt::yield_thread();
                    }
                }
            }
            cancelled += was_cancelled;
            CHECK(queue.finished() == 1);  // else a wake was lost, or an abort
            CHECK(shared.at_once.load() == 0);
            CHECK(shared.too_late.load() == 0);
            CHECK(shared.destroyed.load() == 1);
            CHECK_FALSE(queue.run_one_silently());
            if (joiner_waits) {
                CHECK(joiner_wakes.wakes() == 1);
                CHECK(handle.is_finished());
            }
            handle.detach();
            CHECK(joiner_wakes.alive() == 0);
            CHECK(outputs.alive() == 0);
        }
        INFO("cancelled and joined in time: " << cancelled);
    }
}
