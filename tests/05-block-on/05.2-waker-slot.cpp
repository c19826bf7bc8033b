#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/waker.hpp>
#include <rt/waker_slot.hpp>
#include <support/counting_waker.hpp>
#include <support/random.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <cstdint>
#include <latch>
#include <utility>

using namespace support;
using rt::Waker;
using rt::WakerSlot;
using rt::WakerVTable;

namespace {

/// A waker whose clone does something first: stands in for another thread that acts during a registration.
struct Interrupted {
    WakerSlot* slot = nullptr;
    int wakers = 0;
    int wakes = 0;
};

constexpr WakerVTable interrupted_table{
    [](void* data) noexcept {
        auto& it = *static_cast<Interrupted*>(data);
        if (it.slot != nullptr) {
            std::exchange(it.slot, nullptr)->wake();
        }
        ++it.wakers;
    },
    [](void* data) noexcept {
        ++static_cast<Interrupted*>(data)->wakes;
        --static_cast<Interrupted*>(data)->wakers;
    },
    [](void* data) noexcept { ++static_cast<Interrupted*>(data)->wakes; },
    [](void* data) noexcept { --static_cast<Interrupted*>(data)->wakers; },
};

/// Where a thread sleeps here: no ThreadPark, or a mistake in that would be looked for in the slot.
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

TEST_SUITE("05.2 a slot for the latest waker") {
    TEST_CASE("it wakes the waker that was registered once") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        step("register");
        slot.register_waker(waker);
        CHECK(bell.clones() == 1);
        CHECK(bell.wakes() == 0);
        step("wake");
        slot.wake();
        CHECK(bell.wakes_by_value() == 1);
        CHECK(bell.alive() == 1);
        step("wake again: the slot is empty");
        slot.wake();
        CHECK(bell.wakes() == 1);
    }

    TEST_CASE("a wake before the registration is not remembered") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        step("wake an empty slot");
        slot.wake();
        step("register: who registers looks afterwards");
        slot.register_waker(waker);
        CHECK(bell.wakes() == 0);
        step("wake");
        slot.wake();
        CHECK(bell.wakes() == 1);
    }

    TEST_CASE("the latest waker counts") {
        CountingWaker first_bell;
        CountingWaker second_bell;
        Waker const first = first_bell.waker();
        Waker const second = second_bell.waker();
        WakerSlot slot;
        step("register the first waker, then the second");
        slot.register_waker(first);
        slot.register_waker(second);
        CHECK(first_bell.alive() == 1);
        CHECK(second_bell.alive() == 2);
        step("wake");
        slot.wake();
        CHECK(first_bell.wakes() == 0);
        CHECK(second_bell.wakes() == 1);
    }

    TEST_CASE("the same waker again costs nothing") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        step("register the same waker three times");
        slot.register_waker(waker);
        slot.register_waker(waker);
        slot.register_waker(waker);
        CHECK(bell.clones() == 1);
        CHECK(bell.drops() == 0);
    }

    TEST_CASE("it can be filled again after a wake") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        for (int round = 1; round <= 3; ++round) {
            step("register and wake, round {}", round);
            slot.register_waker(waker);
            slot.wake();
            CHECK(bell.wakes() == round);
        }
        CHECK(bell.alive() == 1);
    }

    TEST_CASE("take hands the waker out and wakes nobody") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        CHECK_FALSE(slot.take());
        step("register, take");
        slot.register_waker(waker);
        Waker const taken = slot.take();
        CHECK(taken.will_wake(waker));
        CHECK(bell.wakes() == 0);
        CHECK_FALSE(slot.take());
    }

    TEST_CASE("a slot that dies gives its waker back") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        {
            WakerSlot slot;
            step("register, destroy the slot");
            slot.register_waker(waker);
        }
        CHECK(bell.alive() == 1);
        CHECK(bell.wakes() == 0);
    }

    TEST_CASE("a wake that comes in the middle of a registration is not lost") {
        Interrupted task;
        WakerSlot slot;
        task.wakers = 1;
        {
            Waker const waker(&task, &interrupted_table);
            step("register; while the waker is being copied, the other side wakes");
            task.slot = &slot;
            slot.register_waker(waker);
            CHECK(task.wakes == 1);
            step("wake: that one wake has emptied the slot");
            slot.wake();
            CHECK(task.wakes == 1);
            CHECK(task.wakers == 1);
            step("register and wake once more: the slot works as before");
            slot.register_waker(waker);
            slot.wake();
            CHECK(task.wakes == 2);
        }
        CHECK(task.wakers == 0);
    }

    TEST_CASE("a wake may register again") {
        struct Task {
            WakerSlot slot;
            int wakes = 0;
        };
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable other{nothing, nothing, nothing, nothing};
        static constexpr WakerVTable table{nothing,
                                           [](void* data) noexcept {
                                               auto& it = *static_cast<Task*>(data);
                                               ++it.wakes;
                                               it.slot.register_waker(Waker(data, &other));
                                           },
                                           nothing, nothing};
        Task task;
        step("register; the wake registers another waker");
        task.slot.register_waker(Waker(&task, &table));
        task.slot.wake();
        CHECK(task.wakes == 1);
        step("the other waker is there");
        Waker const kept = task.slot.take();
        CHECK(kept.vtable() == &other);
    }

    TEST_CASE("two threads: register first then look and no wake is lost") {
        constexpr int rounds = 3000;
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
        step("{} times: one thread waits, another makes it happen and wakes, a third one wakes for nothing", rounds);
        {
            rt::Atomic<bool> over{false};
            TestThread nuisance([&] {
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
            nuisance.join();
            (void)slot.take();
        }
        CHECK(happened.load() == rounds);
        CHECK(sleeper.wakers.load() == 0);
    }

    TEST_CASE("two threads wake and one registers and every waker is given back") {
        constexpr int rounds = 3000;
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
