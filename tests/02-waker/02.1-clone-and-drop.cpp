#include <doctest/doctest.h>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

using namespace support;
using rt::Waker;
using rt::WakerVTable;

namespace {

constexpr char moved_from_dropped[] =
    "a moved-from waker gave its reference back. Leave a waker empty when you move from it.";
constexpr char given_back_twice[] =
    "the new reference was given back, because the parameter `other` still owned it at the end of operator=. Swap the members instead.";

}  // namespace

TEST_SUITE("02.1 clone and drop") {
    TEST_CASE("destroying a waker gives its reference back") {
        CountingWaker bell;
        std::optional<Waker> waker;
        step("make a waker, and move it into an optional");
        waker.emplace(bell.waker());
        CHECK(bell.clones() == 0);
        CHECK_MESSAGE(bell.drops() == 0, moved_from_dropped);
        CHECK(bell.alive() == 1);

        step("destroy it");
        waker.reset();
        CHECK(bell.drops() == 1);
        CHECK(bell.alive() == 0);
    }

    TEST_CASE("a copy takes one more reference") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        std::optional<Waker> copy;
        step("copy the waker");
        copy.emplace(waker);
        CHECK(bell.clones() == 1);
        CHECK(bell.alive() == 2);

        step("destroy the copy");
        copy.reset();
        CHECK(bell.drops() == 1);
        CHECK(bell.alive() == 1);
        CHECK(waker.data() == bell.data());
    }

    TEST_CASE("a move takes no reference") {
        CountingWaker bell;
        Waker waker = bell.waker();
        step("move the waker");
        std::optional<Waker> moved(std::move(waker));
        CHECK(bell.clones() == 0);
        CHECK(*moved);
        step("destroy the moved-from waker, which is empty");
        { Waker const moved_again = std::move(waker); }  // NOLINT: moved from twice, on purpose
        CHECK_MESSAGE(bell.drops() == 0, moved_from_dropped);
        CHECK_FALSE(waker);  // NOLINT: looked at on purpose
        CHECK_MESSAGE(waker.data() == nullptr, "an empty waker still points to its data. Set both pointers to null.");

        step("destroy the waker that it was moved to");
        moved.reset();
        CHECK(bell.drops() == 1);
        CHECK(bell.alive() == 0);
    }

    TEST_CASE("assigning a copy drops the old waker") {
        CountingWaker old_bell;
        CountingWaker new_bell;
        Waker kept = old_bell.waker();
        Waker const waker = new_bell.waker();
        step("assign a waker of the new bell to a waker of the old bell");
        kept = waker;
        CHECK(new_bell.clones() == 1);
        CHECK_MESSAGE(new_bell.drops() == 0, given_back_twice);
        CHECK(new_bell.alive() == 2);
        CHECK(old_bell.drops() == 1);
        CHECK(old_bell.alive() == 0);
        CHECK(kept.data() == new_bell.data());
    }

    TEST_CASE("assigning replaces the table too") {
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable old_table{nothing, nothing, nothing, nothing};
        static constexpr WakerVTable new_table{nothing, nothing, nothing, nothing};
        int bell = 0;
        Waker kept(&bell, &old_table);
        Waker const waker(&bell, &new_table);
        step("assign a waker that has the same bell and another table");
        kept = waker;
        CHECK_MESSAGE(kept.vtable() == &new_table,
                      "the table was not replaced. A waker is two pointers, so assign both.");
    }

    TEST_CASE("assigning by move drops the old waker and clones nothing") {
        CountingWaker old_bell;
        CountingWaker new_bell;
        Waker kept = old_bell.waker();
        step("move a waker of the new bell into a waker of the old bell");
        kept = new_bell.waker();
        CHECK(new_bell.clones() == 0);
        CHECK_MESSAGE(new_bell.drops() == 0, given_back_twice);
        CHECK(new_bell.alive() == 1);
        CHECK(old_bell.drops() == 1);
        CHECK(old_bell.alive() == 0);
    }

    TEST_CASE("assigning a waker to itself changes nothing") {
        CountingWaker bell;
        Waker waker = bell.waker();
        Waker& same = waker;
        step("assign the waker to itself");
        waker = same;
        CHECK(bell.alive() == 1);
        CHECK(bell.deaths() == 0);  // not even for a moment
        CHECK(waker);

        step("move the waker into itself");
        waker = std::move(same);
        CHECK(bell.alive() == 1);
        CHECK(bell.deaths() == 0);
        CHECK(waker);
    }

    TEST_CASE("the old reference is dropped after the new one is in place") {
        // The last drop destroys the task, and the task may look at the waker that is being assigned to.
        struct Place {
            Waker waker;
            const WakerVTable* seen = nullptr;
        };
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr auto look = [](void* data) noexcept {
            auto& place = *static_cast<Place*>(data);
            place.seen = place.waker.vtable();
        };
        static constexpr WakerVTable old_table{nothing, nothing, nothing, look};
        static constexpr WakerVTable new_table{nothing, nothing, nothing, nothing};
        Place place;
        place.waker = Waker(&place, &old_table);
        step("assign another waker, and look at it from the drop of the old one");
        place.waker = Waker(&place, &new_table);
        CHECK_MESSAGE(
            place.seen == &new_table,
            "the old reference was given back while this waker still held it. Take over the new pointers first, "
            "because a drop may run any code.");
    }

    TEST_CASE("a waker with null data is counted too") {
        static int alive;
        alive = 1;
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable table{[](void*) noexcept { ++alive; }, nothing, nothing,
                                           [](void*) noexcept { --alive; }};
        {
            Waker const waker(nullptr, &table);
            step("copy a waker that has a table and null data");
            Waker const copy = waker;
            CHECK_MESSAGE(alive == 2, "a waker with null data was not cloned. Only a waker without a table is empty.");
            step("destroy both");
        }
        CHECK_MESSAGE(alive == 0, "a waker with null data was not dropped. Only a waker without a table is empty.");
    }

    TEST_CASE("empty wakers count nothing") {
        step("copy, assign, and destroy empty wakers");
        Waker empty;
        Waker copy = empty;
        copy = empty;
        CHECK_FALSE(copy);

        CountingWaker bell;
        step("assign a real waker to an empty one");
        copy = bell.waker();
        CHECK(bell.alive() == 1);
        step("assign an empty waker to the real one");
        copy = empty;
        CHECK(bell.drops() == 1);
        CHECK(bell.alive() == 0);
    }

    TEST_CASE("a growing vector clones nothing") {
        static_assert(std::is_nothrow_move_constructible_v<Waker>);
        static_assert(sizeof(Waker) == 2 * sizeof(void*));
        CountingWaker bell;
        {
            std::vector<Waker> wakers;
            step("push 100 wakers into a vector");
            for (int i = 0; i < 100; ++i) {
                wakers.push_back(bell.waker());
            }
            CHECK(bell.clones() == 0);
            CHECK(bell.alive() == 100);
            step("destroy the vector");
        }
        CHECK(bell.drops() == 100);
        CHECK(bell.alive() == 0);
    }
}
