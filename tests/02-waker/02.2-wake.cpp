#include <doctest/doctest.h>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/death.hpp>
#include <support/story.hpp>

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
                                                slot.waker = Waker::noop();
                                            },
                                            nothing, nothing};
        Slot slot;
        slot.waker = Waker(&slot, &refill);
        step("wake; the wake fills the slot again");
        std::move(slot.waker).wake();
        CHECK(slot.wakes == 1);
        CHECK(slot.waker);
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
}
