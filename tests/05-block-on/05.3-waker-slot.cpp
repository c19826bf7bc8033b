#include "stepped_slot.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>

#include <utility>

using namespace support;
using rt::Waker;
using rt::WakerSlot;
using rt::WakerVTable;

namespace {

/// The slot's states, as its header says.
constexpr unsigned waiting = 0;
constexpr unsigned registering = 1;
constexpr unsigned waking = 2;

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

}  // namespace

TEST_SUITE("05.3 a slot for the latest waker") {
    TEST_CASE("it wakes the waker that was registered once") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        step("register");
        slot.register_waker(waker);
        CHECK(bell.clones() == 1);
        CHECK_MESSAGE(bell.wakes() == 0,
                      "there was no wake, and the registration thought that one had come; what does its second "
                      "compare_exchange expect? by now it is `registering`");
        step("wake");
        slot.wake();
        CHECK(bell.wakes_by_value() == 1);
        CHECK_MESSAGE(bell.alive() == 1,
                      "a copy was woken, and the slot's own waker never gave its reference back: move it out");
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
        CHECK_MESSAGE(first_bell.alive() == 1,
                      "the first waker never gave its reference back: the slot still has it, or wrote over it");
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
            CHECK_MESSAGE(task.wakers >= 1, "a waker that was used up by `wake` gave its reference back once more");
            CHECK_MESSAGE(task.wakers <= 1, "the waker that has been woken still lies in the slot: move it out");
            step("register again: nobody wakes");
            slot.register_waker(waker);
            CHECK_MESSAGE(
                task.wakes == 1,
                "the slot still thinks that a wake is under way: after the waking, too, it must be `waiting`");
            step("wake: the slot works as before");
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

    TEST_CASE("what is woken in the middle of a registration may register again") {
        struct Task {
            WakerSlot slot;
            bool is_interrupted = true;
        };
        static constexpr auto nothing = [](void*) noexcept {};
        static constexpr WakerVTable other{nothing, nothing, nothing, nothing};
        static constexpr auto again = [](void* data) noexcept {
            static_cast<Task*>(data)->slot.register_waker(Waker(data, &other));
        };
        static constexpr WakerVTable table{[](void* data) noexcept {
                                               auto& it = *static_cast<Task*>(data);
                                               if (std::exchange(it.is_interrupted, false)) {
                                                   it.slot.wake();
                                               }
                                           },
                                           again, again, nothing};
        Task task;
        step("register; a wake comes in the middle, and what is woken then registers another waker");
        task.slot.register_waker(Waker(&task, &table));
        CHECK_MESSAGE(task.slot.take().vtable() == &other,
                      "the slot was not free yet when the registration woke: what is woken may register again at once, "
                      "so go back to `waiting` first, and then wake");
    }

    TEST_CASE("who finds a wake at work stays out") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        rt::Atomic<unsigned>* state = nullptr;
        Steps::between([&state](int, rt::Atomic<unsigned>& it) { state = &it; }, [&] { slot.register_waker(waker); });
        REQUIRE(state != nullptr);
        step("a wake begins, and takes its time; another one comes");
        (void)state->fetch_or(waking);
        CHECK_MESSAGE(!slot.take(),
                      "another wake was taking the waker out, and this one took it away: leave empty-handed");
        CHECK_MESSAGE(state->load() == waking,
                      "the slot was given free by a wake that found another one at work: only who takes the waker out "
                      "takes the announcement back");
        step("register the waker that may still lie there");
        slot.register_waker(waker);
        CHECK_MESSAGE(bell.wakes() == 1,
                      "a registration that finds a wake at work wakes its own waker: it may not look at the one that "
                      "lies there, nor rely on it");
        (void)state->fetch_and(~waking);
    }

    // From here on the other thread acts just after access number `at` to the state, for each `at` that there is.

    TEST_CASE("a whole wake at each moment of a registration") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker bell;
            WakerSlot slot;
            bool copied = false;
            step("register; the other side wakes after access {} to the state", at);
            auto wake = [&](int access, auto&) {
                if (access == at) {
                    copied = bell.clones() > 0;
                    slot.wake();
                }
            };
            Steps::between(wake, [&] { slot.register_waker(bell.waker()); });
            accesses = Steps::accesses;
            CHECK_MESSAGE((!copied || bell.wakes() == 1),
                          "a wake came between a look at the state and the store that followed, which wiped it out: "
                          "compare_exchange looks and changes at once");
        }
    }

    TEST_CASE("a registration stays out while a wake is at work") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker bell;
            WakerSlot slot;
            rt::Atomic<unsigned>* held = nullptr;
            int clones = 0;
            step("register; after access {} to the state a wake begins, and takes its time", at);
            auto begin = [&](int access, rt::Atomic<unsigned>& state) {
                if (access == at && state.fetch_or(waking) == waiting) {
                    held = &state;
                    clones = bell.clones();
                }
            };
            Steps::between(begin, [&] { slot.register_waker(bell.waker()); });
            accesses = Steps::accesses;
            CHECK_MESSAGE(
                (held == nullptr || bell.clones() == clones),
                "the registration replaced the waker while a wake was taking it out: a wake had begun between "
                "its look at the state and its store; compare_exchange looks and changes at once");
        }
    }

    TEST_CASE("the slot is free when the waker is out and no sooner") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            Interrupted task;
            WakerSlot slot;
            task.slot = &slot;
            task.wakers = 1;
            step("register, and a wake in the middle; after access {} to the state comes another", at);
            auto take = [&](int access, auto&) {
                if (access == at) {
                    CHECK_MESSAGE(
                        !slot.take(),
                        "the slot was free before the waker was out, and a second wake took it away: move it out, "
                        "then go back to `waiting`");
                }
            };
            Steps::between(take, [&] { slot.register_waker(Waker(&task, &interrupted_table)); });
            accesses = Steps::accesses;
        }
    }

    TEST_CASE("take gives the slot free when the waker is out and no sooner") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker old_bell;
            CountingWaker new_bell;
            Waker const old_waker = old_bell.waker();
            Waker const new_waker = new_bell.waker();
            WakerSlot slot;
            slot.register_waker(old_waker);
            bool begun = false;
            bool was_free = false;
            step("take; after access {} to the state the other side registers another waker", at);
            auto register_another = [&](int access, rt::Atomic<unsigned>& state) {
                begun = begun || state.load() != waiting;
                if (access == at && begun) {
                    slot.register_waker(new_waker);
                } else if (unsigned expected = waiting; access == at) {
                    was_free = state.compare_exchange_strong(expected, registering);
                }
            };
            Waker taken;
            Steps::between(register_another, [&] { taken = slot.take(); });
            accesses = Steps::accesses;
            CHECK_MESSAGE(
                (was_free || taken.will_wake(old_waker)),
                "the slot was free before take had the waker out, and the registration of another one ran into it: "
                "move it out first, then take the announcement back");
            CHECK_MESSAGE(
                (!was_free || !taken),
                "take took the waker out while a registration was replacing it: that had begun between the look at "
                "the state and the store; fetch_or looks and changes at once");
        }
    }

    TEST_CASE("no change of the state is blind") {
        Interrupted task;
        WakerSlot slot;
        task.wakers = 1;
        Waker const waker(&task, &interrupted_table);
        Steps::stores = 0;
        step("register, take; register with a wake in the middle");
        slot.register_waker(waker);
        (void)slot.take();
        task.slot = &slot;
        slot.register_waker(waker);
        CHECK_MESSAGE(
            Steps::stores == 0,
            "a store does not see the wake that it overwrites, nor what that thread wrote before: change the state "
            "by exchange, fetch_and, fetch_or or compare_exchange");
    }

    TEST_CASE("what was done before a wake is seen by who comes next") {
        Interrupted task;
        WakerSlot slot;
        rt::Atomic<unsigned>* state = nullptr;
        task.wakers = 1;
        Waker const waker(&task, &interrupted_table);
        Steps::blind = Steps::hidden = 0;
        step("register, take; register with a wake in the middle; wake while another wake is at work");
        Steps::between([&state](int, rt::Atomic<unsigned>& it) { state = &it; }, [&] { slot.register_waker(waker); });
        (void)slot.take();
        task.slot = &slot;
        slot.register_waker(waker);
        if (state != nullptr) {
            (void)state->fetch_or(waking);
            (void)slot.take();
            (void)state->fetch_and(~waking);
        }
        CHECK_MESSAGE(Steps::blind == 0,
                      "who enters the slot, to register or to take, need not see what the one before has left there: "
                      "that change of the state must `acquire`");
        CHECK_MESSAGE(Steps::hidden == 0,
                      "who leaves the slot, or leaves word that a wake came, need not be seen to have done anything "
                      "before: that change of the state must `release`");
    }
}
