/// An exercise without a starter: write a kind of waker from nothing, with a table of your own.
///
/// `exercise::wake_both(first, second)` takes two wakers and returns a third. Waking the third wakes both. The third owns the
/// first two, and each of its copies shares them. When the last copy is gone, the first two are given back:
///  - Copying it clones neither `first` nor `second`.
///  - Whether the last copy is dropped or woken, nothing leaks, and nothing is given back twice.
///  - It may be copied, woken, and dropped on several threads at once.
///
/// Write it into mine/02-waker/exercise.hpp. The file needs `#pragma once`, `#include <rt/waker.hpp>`, and
/// `namespace exercise`. Count with an `rt::Atomic<int>` from `<rt/sync.hpp>`. The loop judges the file as soon as it exists
/// and the rest of the lesson is green.
#include <doctest/doctest.h>
#include <exercise.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <utility>

using namespace support;
using rt::Waker;

TEST_SUITE("02 exercise a waker that wakes two") {
    TEST_CASE("waking by reference wakes both") {
        CountingWaker bell;
        CountingWaker light;
        Waker const both = exercise::wake_both(bell.waker(), light.waker());
        step("wake by reference, twice");
        both.wake_by_ref();
        both.wake_by_ref();
        CHECK(bell.wakes() == 2);
        CHECK(light.wakes() == 2);
        CHECK(bell.alive() == 1);
        CHECK(light.alive() == 1);
    }

    TEST_CASE("waking by value wakes both and gives both back") {
        CountingWaker bell;
        CountingWaker light;
        Waker both = exercise::wake_both(bell.waker(), light.waker());
        step("wake by value");
        std::move(both).wake();
        CHECK(bell.wakes() == 1);
        CHECK(light.wakes() == 1);
        CHECK(bell.alive() == 0);
        CHECK(light.alive() == 0);
    }

    TEST_CASE("copies share the two wakers") {
        CountingWaker bell;
        CountingWaker light;
        {
            Waker const both = exercise::wake_both(bell.waker(), light.waker());
            step("copy it, and wake the copy by value");
            Waker copy = both;
            CHECK(copy.will_wake(both));
            CHECK_MESSAGE(bell.clones() == 0, "a copy shares the two wakers, so it clones neither of them");
            std::move(copy).wake();
            CHECK(bell.wakes() == 1);
            CHECK_MESSAGE(bell.alive() == 1, "a copy is left, so the two wakers must stay");
            CHECK(light.alive() == 1);
            step("drop the last copy");
        }
        CHECK(bell.alive() == 0);
        CHECK(light.alive() == 0);
        CHECK(bell.drops() == 1);
        CHECK(bell.clones() == 0);
    }

    TEST_CASE("one of the two may be empty") {
        CountingWaker bell;
        step("pair a waker with an empty one, and wake");
        exercise::wake_both(bell.waker(), Waker()).wake_by_ref();
        exercise::wake_both(Waker(), bell.waker()).wake();
        CHECK(bell.wakes() == 2);
        CHECK(bell.alive() == 0);
    }

    TEST_CASE("two threads copy and wake and drop it") {
        constexpr int rounds = 1000;
        CountingWaker bell;
        CountingWaker light;
        {
            Waker both = exercise::wake_both(bell.waker(), light.waker());
            std::latch start(2);
            auto ring = [&start](Waker waker) {
                start.arrive_and_wait();
                for (int i = 0; i < rounds; ++i) {
                    Waker copy = waker;
                    copy.wake_by_ref();
                    std::move(copy).wake();
                }
            };
            step("ring on two threads, {} times each", rounds);
            TestThread first([ring, both] { ring(both); });
            TestThread second([ring, both = std::move(both)] { ring(both); });
        }
        CHECK(bell.wakes() == 2 * 2 * rounds);
        CHECK(light.wakes() == 2 * 2 * rounds);
        CHECK(bell.alive() == 0);
        CHECK(light.alive() == 0);
    }
}
