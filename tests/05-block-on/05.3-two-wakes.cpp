/// \file
/// 05.3: two wakes at once, and a registration between them.
#include "stepped_slot.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/counting_waker.hpp>
#include <support/story.hpp>

using namespace support;
using rt::WakerSlot;

namespace {

constexpr unsigned waking_bit = 2;  // as in waker_slot.hpp

}  // namespace

TEST_SUITE("05.3 a slot for the latest waker") {
    TEST_CASE("a wake that finds another wake at work leaves its event behind") {
        CountingWaker bell;
        WakerSlot slot;
        rt::Atomic<unsigned>* state = nullptr;
        Steps::between([&state](int, rt::Atomic<unsigned>& it) { state = &it; },
                       [&] { slot.register_waker(bell.waker()); });
        REQUIRE(state != nullptr);
        step("a wake begins and does not finish yet. Then another thread takes");
        (void)state->fetch_or(waking_bit);
        SlotOrders::watch();
        CHECK_FALSE(slot.take());
        CHECK_MESSAGE(
            SlotOrders::released > 0,
            "take found a wake at work and left the state as it was, so the task may not see the second event. "
            "Set the bit again, with `release`.");
        (void)state->fetch_and(~waking_bit);
    }

    TEST_CASE("a registration between two wakes leaves the slot idle") {
        for (int at = 1, accesses = 1; at <= accesses; ++at) {
            CountingWaker bell;
            WakerSlot slot;
            rt::Atomic<unsigned>* held = nullptr;
            step("a wake is at work. Register, and after access {} to the state it finishes and another one comes", at);
            auto two_wakes = [&](int access, rt::Atomic<unsigned>& state) {
                if (access == 0) {
                    (void)state.fetch_or(waking_bit);
                }
                if (access == at) {
                    held = &state;
                    (void)state.fetch_and(~waking_bit);
                    slot.wake();
                }
            };
            Steps::between(two_wakes, [&] { slot.register_waker(bell.waker()); });
            accesses = Steps::accesses;
            bool const is_idle = held == nullptr || held->load() == 0;
            CHECK_MESSAGE(
                is_idle,
                "the slot is not idle although no thread is in it, so no wake reaches the task any more. Set your bit "
                "only if the slot is idle.");
        }
    }
}
