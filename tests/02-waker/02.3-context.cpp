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
    TEST_CASE("will_wake recognizes a copy of itself") {
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
        CHECK(bell.clones() == 1);  // comparing calls nothing
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
        CHECK_FALSE(Waker().will_wake(waker));
        CHECK(Waker().will_wake(Waker()));
    }

    TEST_CASE("will_wake compares tables and not single functions") {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr auto other_drop = [](void*) noexcept {};
        static constexpr WakerVTable table{nothing, nothing, nothing, nothing};
        static constexpr WakerVTable other_table{nothing, nothing, nothing, other_drop};
        int bell = 0;
        step("compare wakers whose tables differ in their drop");
        CHECK_FALSE(Waker(&bell, &table).will_wake(Waker(&bell, &other_table)));
    }

    TEST_CASE("a context lends its waker") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        step("make a context, and wake through it");
        Context cx(waker);
        CHECK(bell.clones() == 0);
        cx.waker().wake_by_ref();
        CHECK(bell.wakes() == 1);
        step("keep a copy of its waker");
        Waker const kept = cx.waker();
        CHECK(bell.clones() == 1);
        CHECK(kept.will_wake(waker));
        static_assert(!std::is_copy_constructible_v<Context>,
                      "a context is borrowed for one poll, so it cannot be copied");
    }

    TEST_CASE("the noop waker wakes nothing") {
        step("copy a noop waker, wake it, and destroy it");
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
