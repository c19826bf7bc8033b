#include "stepped_slot.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>

#include <utility>

using namespace support;
using rt::Waker, rt::WakerSlot, rt::WakerVTable;

namespace {

/// The slot's states, as in its header.
constexpr unsigned idle = 0;
constexpr unsigned registering = 1;
constexpr unsigned waking = 2;

/// The data of a waker. Its first copy wakes `slot`, in place of another thread that wakes during a registration.
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
                      "the registration woke although no wake came. Look at what its second compare_exchange expects.");
        step("wake");
        slot.wake();
        CHECK(bell.wakes_by_value() == 1);
        CHECK_MESSAGE(bell.alive() == 1,
                      "the slot kept its waker after the wake, and with it a reference. Move the waker out.");
        step("wake again, although the slot is empty");
        slot.wake();
        CHECK(bell.wakes() == 1);
    }

    TEST_CASE("a wake before the registration is not remembered") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        step("wake an empty slot");
        slot.wake();
        step("register");
        slot.register_waker(waker);
        CHECK(bell.wakes() == 0);
        step("wake");
        slot.wake();
        CHECK(bell.wakes() == 1);
    }

    TEST_CASE("the newest waker replaces the older one") {
        CountingWaker first_bell;
        CountingWaker second_bell;
        Waker const first = first_bell.waker();
        Waker const second = second_bell.waker();
        WakerSlot slot;
        step("register the first waker, then the second");
        slot.register_waker(first);
        slot.register_waker(second);
        CHECK_MESSAGE(first_bell.alive() == 1,
                      "the slot still has the first waker, or lost it without a drop. Replace it by the newest one.");
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

    TEST_CASE("it can be used again after a wake") {
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

    TEST_CASE("take returns the waker and does not wake it") {
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

    TEST_CASE("a slot that is destroyed drops its waker") {
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

    TEST_CASE("a wake in the middle of a registration is not lost") {
        Interrupted task;
        WakerSlot slot;
        task.wakers = 1;
        {
            Waker const waker(&task, &interrupted_table);
            step("register. While the waker is being copied, another thread wakes");
            task.slot = &slot;
            slot.register_waker(waker);
            CHECK_MESSAGE(
                task.wakes >= 1,
                "a wake came in the middle of the registration, and nothing woke the task. Do that wake when you "
                "leave the slot.");
            CHECK_MESSAGE(task.wakes <= 1, "one wake woke the task twice. Wake once when you leave the slot.");
            CHECK_MESSAGE(
                task.wakers >= 1,
                "a waker gave its reference back twice, by wake and by its destructor. Wake it by std::move.");
            CHECK_MESSAGE(task.wakers <= 1, "the waker was woken and is still in the slot. Move it out.");
            step("register again, without a wake");
            slot.register_waker(waker);
            CHECK_MESSAGE(
                task.wakes == 1,
                "the `waking` bit is still set, although the wake is over. Go back to `idle` on every way out.");
            step("wake");
            slot.wake();
            CHECK(task.wakes == 2);
        }
        CHECK(task.wakers == 0);
    }

    TEST_CASE("a wake can register again") {
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
        step("register a waker that registers another one when it is woken, and wake");
        task.slot.register_waker(Waker(&task, &table));
        task.slot.wake();
        CHECK(task.wakes == 1);
        step("take the other waker");
        Waker const kept = task.slot.take();
        CHECK(kept.vtable() == &other);
    }

    TEST_CASE("a wake in the middle of a registration can register again") {
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
        step("register. A wake comes in the middle, and the woken waker registers another one");
        task.slot.register_waker(Waker(&task, &table));
        CHECK_MESSAGE(
            task.slot.take().vtable() == &other,
            "the registration woke before it had left the slot, so the woken task could not register again. Go "
            "back to `idle` first.");
    }

    TEST_CASE("a thread that finds a wake at work does not touch the waker") {
        CountingWaker bell;
        Waker const waker = bell.waker();
        WakerSlot slot;
        rt::Atomic<unsigned>* state = nullptr;
        Steps::between([&state](int, rt::Atomic<unsigned>& it) { state = &it; }, [&] { slot.register_waker(waker); });
        REQUIRE_MESSAGE(state != nullptr,
                        "register_waker did not touch the state. Let the two bits decide which thread may touch the "
                        "waker, without a lock.");
        step("a wake begins and does not finish yet. Then take");
        (void)state->fetch_or(waking);
        CHECK_MESSAGE(!slot.take(),
                      "take returned a waker that another wake was taking out. Return an empty one unless the slot was "
                      "idle.");
        CHECK_MESSAGE(state->load() == waking,
                      "take cleared the `waking` bit of another wake. Clear it only if you have set it.");
        step("register");
        slot.register_waker(waker);
        CHECK_MESSAGE(bell.wakes() == 1,
                      "a registration that finds a wake at work did not wake its own waker. The wake may have taken an "
                      "older one, so wake `waker`.");
        (void)state->fetch_and(~waking);
        step("the wake has finished. Register again");
        slot.register_waker(waker);
        CHECK_MESSAGE(
            bell.wakes() == 1,
            "a registration that found a wake at work left its own bit behind, so the slot is never idle again. "
            "Change the state only if it is idle.");
        CHECK(slot.take().data() == bell.data());
    }

    // In the following cases the other thread acts just after access number `at` to the state, for every `at` in turn.

    TEST_CASE("a whole wake at each moment of a registration") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker bell;
            WakerSlot slot;
            bool copied = false;
            step("register. After access {} to the state another thread wakes", at);
            auto wake = [&](int access, auto&) {
                if (access == at) {
                    copied = bell.clones() > 0;
                    slot.wake();
                }
            };
            Steps::between(wake, [&] { slot.register_waker(bell.waker()); });
            accesses = Steps::accesses;
            CHECK_MESSAGE((!copied || bell.wakes() == 1),
                          "the registration overwrote a wake, because it read the state and changed it in two steps. "
                          "Read and change the state in one compare_exchange.");
        }
    }

    TEST_CASE("a registration does not touch the waker while a wake is at work") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker bell;
            WakerSlot slot;
            rt::Atomic<unsigned>* held = nullptr;
            int clones = 0;
            step("register. After access {} to the state a wake begins and does not finish yet", at);
            auto begin = [&](int access, rt::Atomic<unsigned>& state) {
                if (access == at && state.fetch_or(waking) == idle) {
                    held = &state;
                    clones = bell.clones();
                }
            };
            Steps::between(begin, [&] { slot.register_waker(bell.waker()); });
            accesses = Steps::accesses;
            CHECK_MESSAGE(
                (held == nullptr || bell.clones() == clones),
                "the registration replaced the waker while a wake was taking it out, because it read the state and "
                "changed it in two steps. Read and change the state in one compare_exchange.");
        }
    }

    TEST_CASE("a registration leaves the slot after it has moved the waker out") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            Interrupted task;
            WakerSlot slot;
            task.slot = &slot;
            task.wakers = 1;
            step("register. A wake comes in the middle, and after access {} to the state another thread takes", at);
            auto take = [&](int access, auto&) {
                if (access == at) {
                    CHECK_MESSAGE(
                        !slot.take(),
                        "the registration left the slot before it had moved the waker out, and another thread took the "
                        "waker. Move the waker out first.");
                }
            };
            Steps::between(take, [&] { slot.register_waker(Waker(&task, &interrupted_table)); });
            accesses = Steps::accesses;
        }
    }

    TEST_CASE("take leaves the slot after it has moved the waker out") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker old_bell;
            CountingWaker new_bell;
            Waker const old_waker = old_bell.waker();
            Waker const new_waker = new_bell.waker();
            WakerSlot slot;
            slot.register_waker(old_waker);
            bool begun = false;
            bool was_free = false;
            step("take. After access {} to the state another thread registers another waker", at);
            auto register_another = [&](int access, rt::Atomic<unsigned>& state) {
                begun = begun || state.load() != idle;
                if (access == at && begun) {
                    slot.register_waker(new_waker);
                } else if (unsigned expected = idle; access == at) {
                    was_free = state.compare_exchange_strong(expected, registering);
                }
            };
            Waker taken;
            Steps::between(register_another, [&] { taken = slot.take(); });
            accesses = Steps::accesses;
            CHECK_MESSAGE(
                (was_free || taken.will_wake(old_waker)),
                "take cleared its bit before it had moved the waker out, and a registration replaced the waker. Move it "
                "out first.");
            CHECK_MESSAGE(
                (!was_free || !taken),
                "take moved the waker out while a registration was replacing it, because it read the state and changed "
                "it in two steps. Read and change the state in one fetch_or.");
        }
    }

    TEST_CASE("no change of the state is a plain store") {
        Interrupted task{.wakers = 1};
        WakerSlot slot;
        Waker const waker(&task, &interrupted_table);
        Steps::stores = 0;
        step("register, take, and register with a wake in the middle");
        slot.register_waker(waker);
        (void)slot.take();
        task.slot = &slot;
        slot.register_waker(waker);
        CHECK_MESSAGE(
            Steps::stores == 0,
            "a store overwrites a wake without reading it. Change the state by exchange, fetch_and, fetch_or, or "
            "compare_exchange.");
    }

    TEST_CASE("what a thread did before it left the slot is visible to the next thread") {
        Interrupted task{.wakers = 1};
        WakerSlot slot;
        rt::Atomic<unsigned>* state = nullptr;
        Waker const waker(&task, &interrupted_table);
        SlotOrders::watch();
        step("register, take, register with a wake in the middle, and take while a wake is at work");
        Steps::between([&state](int, rt::Atomic<unsigned>& it) { state = &it; }, [&] { slot.register_waker(waker); });
        (void)slot.take();
        task.slot = &slot;
        slot.register_waker(waker);
        if (state != nullptr) {
            (void)state->fetch_or(waking);
            (void)slot.take();
            (void)state->fetch_and(~waking);
        }
        CHECK_MESSAGE(SlotOrders::unacquired == 0,
                      "a thread entered the slot without `acquire`, so it may not see what the last thread left there. "
                      "Enter with `acquire`.");
        CHECK_MESSAGE(
            SlotOrders::unreleased == 0,
            "a thread left the slot, or left its bit there, without `release`, so the next thread may not see what "
            "it did. Use `release`.");
        CHECK_MESSAGE(SlotOrders::unheard == 0,
                      "the registration took over a wake without `acquire`, so the task that it wakes may not see the "
                      "event. Acquire when you find the `waking` bit.");
    }
}
