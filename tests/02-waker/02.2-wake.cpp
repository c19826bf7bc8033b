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
            step("wake, and give the waker away");
            std::move(waker).wake();
            CHECK(bell.wakes() == 1);
            CHECK(bell.wakes_by_value() == 1);
            CHECK(bell.alive() == 0);
            CHECK_FALSE(waker);  // NOLINT: looked at on purpose
            CHECK_MESSAGE(waker.data() == nullptr, "an empty waker names nobody: both pointers go");
            step("destroy what is left of it");
        }
        CHECK(bell.drops() == 0);  // the wake took the reference: a drop would be one too many
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

    TEST_CASE("a used-up waker can be assigned to") {
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
        // A wake may run the waiter at once, and the waiter may put a new waker where the old one was.
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
        step("wake; the wake fills the slot again");
        std::move(slot.waker).wake();
        CHECK(slot.wakes == 1);
        CHECK(slot.waker);
        CHECK_MESSAGE(slot.waker.data() == &slot,
                      "the new waker has lost its data: after the call nothing may be written into the old place");
    }

    TEST_CASE("a wake may destroy the place where its waker lay") {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr auto destroy = [](void* data) noexcept {
            static_cast<std::unique_ptr<Waker>*>(data)->reset();
        };
        static constexpr WakerVTable destroying{nothing, destroy, nothing, nothing};
        std::unique_ptr<Waker> place;
        place = std::make_unique<Waker>(&place, &destroying);
        step("wake; the wake destroys the place");
        std::move(*place).wake();
        CHECK(place == nullptr);
    }

    TEST_CASE("waking with an empty waker is a mistake and says so") {
        expect_violation("wake on an empty Waker", [] { Waker().wake_by_ref(); }, Noticed::in_every_build);
        expect_violation("wake on an empty Waker", [] { Waker().wake(); }, Noticed::in_every_build);
        expect_violation(
            "moved from, or woken already",
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

    TEST_CASE("what was written before the wake is seen by who was woken") {
        // A bell of one's own: its vtable hands over an atomic flag, as every real waker hands over a lock or
        // a flag.
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
            step("another thread writes a letter, and rings");
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
