/// \file
/// 05.3: a task and threads that wake it, in every order of what they do to the slot.
#include "explored_slot.hpp"

#include <doctest/doctest.h>
#include <rt/sync.hpp>
#include <rt/waker.hpp>
#include <support/explore/explorer.hpp>
#include <support/explore/sync.hpp>
#include <support/story.hpp>

using namespace support;
using rt::ExploredWakerSlot, rt::ExploredWaker, rt::Waker, rt::WakerVTable;

namespace {

constexpr const char* lost =
    "the task has not seen the event, and its waker was not woken. In this order of the two threads, it sleeps for good.";

/// What a waker rings. In each execution there are new ones.
struct Bell {
    explore::Atomic<int> rings{0};

    Waker waker() noexcept { return Waker(this, &table); }
    bool has_rung() const noexcept { return rings.load(rt::acquire) > 0; }

    static void ring(void* bell) noexcept { static_cast<Bell*>(bell)->rings.fetch_add(1, rt::release); }
    static void nothing(void*) noexcept {}
    static constexpr WakerVTable table{&nothing, &ring, &ring, &nothing};
};

/// The task registers a waker and looks for the event, and another thread makes the event happen and wakes.
void register_during_a_wake(ExploredWakerSlot& slot) {
    Bell bell;
    explore::Atomic<bool> event{false};
    explore::Thread other([&] {
        event.store(true, rt::relaxed);
        slot.wake();
    });
    slot.register_waker(bell.waker());
    bool const seen = event.load(rt::relaxed);
    other.join();
    explore::expect(seen || bell.has_rung(), lost);
}

}  // namespace

TEST_SUITE("05.3 a slot for the latest waker") {
    TEST_CASE("in every order of a registration and a wake the task learns of the event") {
        explore::every_order([] {
            ExploredWakerSlot slot;
            register_during_a_wake(slot);
        });
    }

    TEST_CASE("in every order the newer waker is woken and not an older one alone") {
        explore::every_order([] {
            Bell old_bell;
            ExploredWakerSlot slot;
            slot.register_waker(old_bell.waker());
            register_during_a_wake(slot);
        });
    }

    TEST_CASE("in every order of a registration and two wakes the task learns of both events") {
        explore::every_order(
            [] {
                Bell bell;
                ExploredWakerSlot slot;
                explore::Atomic<int> events{0};
                auto wake = [&] {
                    events.fetch_add(1, rt::relaxed);
                    slot.wake();
                };
                explore::Thread first(wake), second(wake);
                slot.register_waker(bell.waker());
                int const seen = events.load(rt::relaxed);
                first.join();
                second.join();
                explore::expect(seen == 2 || bell.has_rung(), lost);
            },
            {.preemptions = 2});
    }
}
