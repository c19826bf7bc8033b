#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>
#include <support/test_thread.hpp>

#include <latch>
#include <type_traits>
#include <utility>

using namespace support;
using rt::Context;
using rt::Waker;
using rt::WakerVTable;

TEST_SUITE("02.3 will_wake and Context and threads") {
    TEST_CASE("will_wake knows the same waiter") {
        CountingWaker bell;
        CountingWaker other_bell;
        Waker const waker = bell.waker();
        Waker const copy = waker;
        Waker const other = other_bell.waker();
        step("compare a waker with its copy");
        CHECK(waker.will_wake(copy));
        CHECK(waker.will_wake(waker));
        step("compare it with the waker of another bell");
        CHECK_FALSE(waker.will_wake(other));
        CHECK(bell.clones() == 1);  // asking costs nothing
    }

    TEST_CASE("will_wake looks at the table too") {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable other_table{nothing, nothing, nothing, nothing};
        CountingWaker bell;
        Waker const waker = bell.waker();
        Waker const stranger(bell.data(), &other_table);
        step("compare wakers with the same data and different tables");
        CHECK_FALSE(waker.will_wake(stranger));
        step("compare a waker with an empty one");
        CHECK_FALSE(waker.will_wake(Waker()));
    }

    TEST_CASE("a context lends its waker") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        step("make a context, wake through it");
        Context cx(waker);
        CHECK(bell.clones() == 0);
        cx.waker().wake_by_ref();
        CHECK(bell.wakes() == 1);
        step("keep a copy of its waker");
        Waker const kept = cx.waker();
        CHECK(bell.clones() == 1);
        CHECK(kept.will_wake(waker));
        static_assert(!std::is_copy_constructible_v<Context>, "a context is lent for one poll, and not kept");
    }

    TEST_CASE("noop wakes nobody") {
        step("copy a noop waker, wake it, destroy it");
        Waker waker = Waker::noop();
        Waker copy = waker;
        CHECK(waker);
        CHECK(copy.will_wake(waker));
        copy.wake_by_ref();
        std::move(copy).wake();
        CHECK_FALSE(copy);  // NOLINT: looked at on purpose
        waker.wake_by_ref();
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
