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

TEST_SUITE("09.9 all together") {
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
