#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <memory>
#include <utility>

using namespace support;
using rt::Waker;
using rt::WakerVTable;

TEST_SUITE("02.2 wake") {
    TEST_CASE("wake_by_ref wakes and keeps the reference") {
        CountingWaker bell;
        {
            Waker const waker = bell.waker();
            step("wake by reference, twice");
            waker.wake_by_ref();
            waker.wake_by_ref();
            CHECK(bell.wakes() == 2);
            CHECK(bell.wakes_by_value() == 0);
            CHECK(bell.alive() == 1);
            step("destroy the waker");
        }
        CHECK(bell.drops() == 1);
        CHECK(bell.clones() == 0);
    }

    TEST_CASE("wake wakes and gives the reference away") {
        CountingWaker bell;
        {
            Waker waker = bell.waker();
            step("wake by value");
            std::move(waker).wake();
            CHECK(bell.wakes() == 1);
            CHECK(bell.wakes_by_value() == 1);
            CHECK(bell.alive() == 0);
            CHECK_FALSE(waker);  // NOLINT: looked at on purpose
            CHECK_MESSAGE(waker.data() == nullptr,
                          "an empty waker still points to its data. Set both pointers to null.");
            step("destroy the waker, which is empty now");
        }
        CHECK(bell.drops() == 0);  // the wake gave the reference back
        CHECK(bell.clones() == 0);
    }

    TEST_CASE("a copy wakes the same waiter") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        Waker copy = waker;
        step("wake through the copy");
        std::move(copy).wake();
        CHECK(bell.wakes() == 1);
        step("wake through the original");
        waker.wake_by_ref();
        CHECK(bell.wakes() == 2);
        CHECK(bell.alive() == 1);
    }

    TEST_CASE("a waker can be assigned to after its wake") {
        CountingWaker bell;
        Waker waker = bell.waker();
        step("wake, assign, wake");
        std::move(waker).wake();
        waker = bell.waker();
        std::move(waker).wake();
        CHECK(bell.wakes() == 2);
        CHECK(bell.drops() == 0);
        CHECK(bell.alive() == 0);
    }

    TEST_CASE("the waker is empty before its wake runs") {
        // A wake may run the task at once, and the task may put a new waker where the old one was.
        struct Slot {
            Waker waker;
            int wakes = 0;
        };
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable refill{nothing,
                                            [](void* data) noexcept {
                                                Slot& slot = *static_cast<Slot*>(data);
                                                ++slot.wakes;
                                                slot.waker = Waker(&slot, Waker::noop().vtable());
                                            },
                                            nothing, nothing};
        Slot slot;
        slot.waker = Waker(&slot, &refill);
        step("wake, and fill the slot again from inside the wake");
        std::move(slot.waker).wake();
        CHECK(slot.wakes == 1);
        CHECK_MESSAGE(
            slot.waker,
            "the waker that the wake put here is gone. Empty this waker before the call, and not afterwards.");
        CHECK_MESSAGE(
            slot.waker.data() == &slot,
            "the new waker lost its data. Don't write to this waker after the call, because the wake may have put another one there.");
    }

    TEST_CASE("a wake may destroy the waker that it was called on") {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr auto destroy = [](void* data) noexcept {
            static_cast<std::unique_ptr<Waker>*>(data)->reset();
        };
        static constexpr WakerVTable destroying{nothing, destroy, nothing, nothing};
        std::unique_ptr<Waker> place;
        place = std::make_unique<Waker>(&place, &destroying);
        step("wake, and destroy the waker from inside the wake");
        std::move(*place).wake();
        CHECK(place == nullptr);
    }

    TEST_CASE("waking an empty waker ends the program with a reason") {
        expect_violation("this Waker is empty", [] { Waker().wake_by_ref(); }, Noticed::in_every_build);
        expect_violation("this Waker is empty", [] { Waker().wake(); }, Noticed::in_every_build);
        expect_violation(
            "moved from or already woken",
            [] {
                CountingWaker bell;
                Waker waker = bell.waker();
                std::move(waker).wake();
                waker.wake_by_ref();  // NOLINT: the mistake
            },
            Noticed::in_every_build);
    }

    TEST_CASE("two threads copy and wake and drop the same waker") {
        constexpr int rounds = 2000;
        CountingWaker bell;
        Waker const waker = bell.waker();
        std::latch start(2);
        auto ring = [&] {
            start.arrive_and_wait();
            for (int i = 0; i < rounds; ++i) {
                Waker copy = waker;
                copy.wake_by_ref();
                Waker second = copy;
                second = waker;
                std::move(copy).wake();
            }
        };
        step("ring from two threads, {} times each", rounds);
        {
            TestThread first(ring);
            TestThread second(ring);
        }
        CHECK(bell.wakes() == 2 * 2 * rounds);
        CHECK(bell.clones() == 2 * 3 * rounds);
        CHECK(bell.drops() == 2 * 2 * rounds);
        CHECK(bell.alive() == 1);
    }

    TEST_CASE("the woken thread sees what was written before the wake") {
        // The table sets an atomic flag. Every real waker passes its news on through a lock or through such a flag.
        struct Flag {
            rt::Atomic<int> wakers{1};
            rt::Atomic<bool> rung{false};
        };
        static constexpr WakerVTable table{
            [](void* data) noexcept { static_cast<Flag*>(data)->wakers.fetch_add(1, rt::relaxed); },
            [](void* data) noexcept {
                static_cast<Flag*>(data)->rung.store(true, rt::release);
                static_cast<Flag*>(data)->wakers.fetch_sub(1, rt::acq_rel);
            },
            [](void* data) noexcept { static_cast<Flag*>(data)->rung.store(true, rt::release); },
            [](void* data) noexcept { static_cast<Flag*>(data)->wakers.fetch_sub(1, rt::acq_rel); },
        };
        Flag flag;
        int letter = 0;
        {
            Waker waker(&flag, &table);
            step("write a letter on another thread, and wake");
            TestThread postman([&letter, copy = waker]() mutable {
                letter = 7;
                std::move(copy).wake();
            });
            while (!flag.rung.load(rt::acquire)) {
                rt::yield_thread();
            }
            CHECK(letter == 7);
        }
        CHECK(flag.wakers.load() == 0);
    }
}
