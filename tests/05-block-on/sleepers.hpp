/// \file
/// Who sleeps in a driven park, and at which moment the other one comes.
#pragma once

#include "driven_park.hpp"

#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <optional>

namespace support {

/// Comes in a moment: who looks at the clock first still sleeps.
inline rt::Instant soon() { return rt::Instant::clock::now() + std::chrono::milliseconds(5); }

/// Says in which round the sleeper is about to wait: it has looked for a token, and found none.
struct FallingAsleep {
    static inline int round = 0;  // touched by the sleeper only
    static inline rt::Atomic<int> rounds{0};

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::park) {
            rounds.store(round, rt::release);
        }
    }
};

/// Holds a sleeper that has announced its sleep, and does not wait yet, just after its access number `at` to the state
/// (0: the announcement itself), until an unparker stands before a lock, or has come back.
struct HeldSleeper {
    static inline rt::Atomic<bool> held{false};
    static inline rt::Atomic<int> unparker{0};  // its thread's id, set when it is about to unpark
    static inline rt::Atomic<bool> came_back{false};
    static inline int at = 0;  // these three are touched by the sleeper only
    static inline int accesses = 0;
    static inline bool is_deaf = false;

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::park) {
            accesses = 0;
            look();
        }
    }

    static void look() {
        if (accesses < at) {
            rt::AfterAnAccess::happens = [] {
                ++accesses;
                look();
            };
            return;
        }
        held.store(true);
        yield_until([] { return unparker.load() != 0; });
        yield_until([] { return came_back.load() || stands_still(unparker.load()); });
    }

    /// Deaf is who waits when all notifications have been.
    static void wait() {
        rt::AfterAnAccess::happens = nullptr;
        held.store(true);
        yield_until([] { return came_back.load(); });
        is_deaf = is_deaf || rt::DrivenCondvar::missed == rt::DrivenCondvar::notifications.load();
    }
};

/// Lets a sleeper in when an unparker has touched the state for the first time, until it is about to wait, has come back, or
/// stands before a lock.
struct LateSleeper {
    static inline rt::Atomic<bool> may_begin{false};
    static inline rt::Atomic<int> sleeper{0};  // its thread's id, set when it is about to park
    static inline rt::Atomic<bool> fell_asleep{false};
    static inline rt::Atomic<bool> was_unparked{false};
    static inline rt::Atomic<bool> unparker_came_back{false};
    static inline rt::Atomic<bool> sleeper_came_back{false};

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::park) {
            fell_asleep.store(true);
        } else if (event.kind == rt::trace::Kind::unpark) {
            was_unparked.store(true);
        }
    }

    static void let_it_in() {
        may_begin.store(true);
        yield_until([] { return sleeper.load() != 0; });
        yield_until([] { return fell_asleep.load() || sleeper_came_back.load() || stands_still(sleeper.load()); });
    }

    /// One round; true if nobody ended the sleep.
    static bool is_forgotten() {
        for (auto* each : {&may_begin, &fell_asleep, &was_unparked, &unparker_came_back, &sleeper_came_back}) {
            each->store(false);
        }
        sleeper.store(0);
        rt::ThreadPark park;
        TestThread other([&park] {
            yield_until([] { return may_begin.load(); });
            rt::DrivenCondvar::instead_of_waiting = [] { yield_until([] { return unparker_came_back.load(); }); };
            sleeper.store(rt::sys::thread_id());
            park.park(std::nullopt);
            sleeper_came_back.store(true);
        });
        rt::AfterAnAccess::happens = &let_it_in;
        park.unpark();
        may_begin.store(true);
        unparker_came_back.store(true);
        other.join();
        return fell_asleep.load() && !was_unparked.load();
    }
};

/// Stands in for the condition variable, which may wake for nothing.
struct WokenForNothing {
    static inline rt::ThreadPark* park = nullptr;
    static inline int waits = 0;

    /// Wakes for nothing the first time, and for a token the second.
    static void wait() {
        if (++waits == 2) {
            park->unpark();
        }
    }
};

}  // namespace support
