#include "stepped_slot.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstdint>
#include <latch>

using namespace support;
using rt::Waker;
using rt::WakerSlot;
using rt::WakerVTable;

namespace {

/// The place where a thread sleeps here. It is no ThreadPark, so that a mistake in `park` does not look like one in the slot.
class GivenPark {
  public:
    void park() {
        rt::Lock lock(mutex_);
        while (!token_) {
            rt::trace::emit(rt::trace::Kind::park, this, 0);
            condvar_.wait(lock);
        }
        token_ = false;
    }

    void unpark() noexcept {
        rt::Lock const lock(mutex_);
        if (!token_) {
            token_ = true;
            rt::trace::emit(rt::trace::Kind::unpark, this);
            condvar_.notify_one();
        }
    }

  private:
    rt::Mutex mutex_;
    rt::Condvar condvar_;
    bool token_ = false;
};

}  // namespace

TEST_SUITE("05.3 a slot for the latest waker") {
    TEST_CASE("no wake is lost if a thread registers first and then looks") {
        int const rounds = rounds_of(3000);
        struct Sleeper {
            GivenPark park;
            rt::Atomic<int> wakers{0};
        };
        static constexpr WakerVTable table{
            [](void* data) noexcept { static_cast<Sleeper*>(data)->wakers.fetch_add(1, rt::relaxed); },
            [](void* data) noexcept {
                static_cast<Sleeper*>(data)->park.unpark();
                static_cast<Sleeper*>(data)->wakers.fetch_sub(1, rt::relaxed);
            },
            [](void* data) noexcept { static_cast<Sleeper*>(data)->park.unpark(); },
            [](void* data) noexcept { static_cast<Sleeper*>(data)->wakers.fetch_sub(1, rt::relaxed); },
        };
        auto const seed = seed_of_this_run();
        Sleeper sleeper;
        WakerSlot slot;
        rt::Atomic<int> happened{0};
        rt::Atomic<int> seen{0};
        std::latch start(3);
        step("{} times: one thread waits, one makes the event happen and wakes, and one wakes without an event",
             rounds);
        {
            rt::Atomic<bool> over{false};
            TestThread idle_waker([&] {
                Random random(seed + 2);
                start.arrive_and_wait();
                while (!over.load(rt::relaxed)) {
                    dawdle(random.below(50));
                    slot.wake();
                }
            });
            TestThread waker_side([&] {
                Random random(seed);
                start.arrive_and_wait();
                for (int round = 1; round <= rounds; ++round) {
                    spin_until([&] { return seen.load(rt::acquire) >= round - 1; });
                    dawdle(random.below(300));
                    happened.store(round, rt::release);
                    slot.wake();
                }
            });
            Random random(seed + 1);
            sleeper.wakers = 1;
            Waker const waker(&sleeper, &table);
            start.arrive_and_wait();
            for (int round = 1; round <= rounds; ++round) {
                dawdle(random.below(300));
                for (;;) {
                    slot.register_waker(waker);
                    if (happened.load(rt::acquire) >= round) {
                        break;
                    }
                    sleeper.park.park();
                }
                still_alive();
                seen.store(round, rt::release);
            }
            waker_side.join();
            over.store(true, rt::relaxed);
            idle_waker.join();
            (void)slot.take();
        }
        CHECK(happened.load() == rounds);
        CHECK(sleeper.wakers.load() == 0);
    }

    TEST_CASE("two threads wake while one registers and every waker is dropped") {
        int const rounds = rounds_of(3000);
        CountingWaker bells[2];
        auto const seed = seed_of_this_run();
        {
            WakerSlot slot;
            std::latch start(3);
            auto ring = [&](std::uint64_t my_seed) {
                Random random(my_seed);
                start.arrive_and_wait();
                for (int round = 0; round < rounds; ++round) {
                    dawdle(random.below(100));
                    slot.wake();
                }
            };
            step("register {} times while two threads wake", rounds);
            TestThread first([&] { ring(seed); });
            TestThread second([&] { ring(seed + 1); });
            Waker const wakers[2] = {bells[0].waker(), bells[1].waker()};
            Random random(seed + 2);
            start.arrive_and_wait();
            for (int round = 0; round < rounds; ++round) {
                dawdle(random.below(100));
                slot.register_waker(wakers[random.below(2)]);
                still_alive();
            }
            first.join();
            second.join();
        }
        CHECK(bells[0].alive() == 0);
        CHECK(bells[1].alive() == 0);
        CHECK(bells[0].deaths() == 1);
        CHECK(bells[1].deaths() == 1);
    }
}
