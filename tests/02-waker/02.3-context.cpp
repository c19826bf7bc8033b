#include <doctest/doctest.h>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>

#include <type_traits>
#include <utility>

using namespace support;
using rt::Context;
using rt::Waker;
using rt::WakerVTable;

TEST_SUITE("02.3 will_wake and Context") {
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
}
