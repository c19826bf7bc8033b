/// \file
/// A parking thread and an unparking thread that meet in a driven park at a chosen moment.
#pragma once

#include "driven_park.hpp"

#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <support/test_thread.hpp>

#include <chrono>
#include <optional>

namespace support {

/// A deadline a few milliseconds from now. A park that ought to find a token gets it, so that a mistake fails instead of
/// hanging.
inline rt::Instant soon() { return rt::Instant::clock::now() + std::chrono::milliseconds(5); }

/// Publishes the round in which a thread has announced its sleep, and is about to wait.
struct FallingAsleep {
    static inline int round = 0;  // belongs to the sleeping thread
    static inline rt::Atomic<int> rounds{0};

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::park) {
            rounds.store(round, rt::release);
        }
    }
};

/// Holds a sleeping thread between the announcement of its sleep and its wait, after access number `at` to the state. (0
/// is the announcement itself.) It goes on when the unparking thread waits for a lock, or when that thread's unpark has
/// returned.
struct HeldSleeper {
    static inline rt::Atomic<bool> is_held{false};
    static inline rt::Atomic<int> unparker{0};  // the id of its thread, set just before it unparks
    static inline rt::Atomic<bool> unpark_returned{false};
    static inline int at = 0;  // these three belong to the sleeping thread
    static inline int accesses = 0;
    static inline bool missed_it = false;

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::park) {
            accesses = 0;
            hold_at_the_access();
        }
    }

    static void hold_at_the_access() {
        if (accesses < at) {
            rt::AfterAnAccess::hook = [] {
                ++accesses;
                hold_at_the_access();
            };
            return;
        }
        is_held.store(true);
        yield_until([] { return unparker.load() != 0; });
        yield_until([] { return unpark_returned.load() || is_blocked(unparker.load()); });
    }

    /// Called instead of the wait. The sleeper has missed the notification if no notification comes after this.
    static void wait() {
        rt::AfterAnAccess::hook = nullptr;
        is_held.store(true);
        yield_until([] { return unpark_returned.load(); });
        missed_it = missed_it || rt::DrivenCondvar::notified_too_early == rt::DrivenCondvar::notifications.load();
    }
};

/// Starts a park after the first access of an unpark to the state. The unpark goes on when the parking thread is about to
/// wait, has returned, or waits for a lock.
struct LateSleeper {
    static inline rt::Atomic<bool> may_begin{false};
    static inline rt::Atomic<int> sleeper{0};  // the id of its thread, set just before it parks
    static inline rt::Atomic<bool> fell_asleep{false};
    static inline rt::Atomic<bool> was_unparked{false};
    static inline rt::Atomic<bool> unpark_returned{false};
    static inline rt::Atomic<bool> park_returned{false};

    static void hear(const rt::trace::Event& event) noexcept {
        if (event.kind == rt::trace::Kind::park) {
            fell_asleep.store(true);
        } else if (event.kind == rt::trace::Kind::unpark) {
            was_unparked.store(true);
        }
    }

    static void let_it_begin() {
        may_begin.store(true);
        yield_until([] { return sleeper.load() != 0; });
        yield_until([] { return fell_asleep.load() || park_returned.load() || is_blocked(sleeper.load()); });
    }

    /// Plays one round. Returns true if nothing ended the sleep.
    static bool is_forgotten() {
        for (auto* each : {&may_begin, &fell_asleep, &was_unparked, &unpark_returned, &park_returned}) {
            each->store(false);
        }
        sleeper.store(0);
        rt::ThreadPark park;
        TestThread other([&park] {
            yield_until([] { return may_begin.load(); });
            rt::DrivenCondvar::instead_of_waiting = [] { yield_until([] { return unpark_returned.load(); }); };
            sleeper.store(rt::sys::thread_id());
            park.park(std::nullopt);
            park_returned.store(true);
        });
        rt::AfterAnAccess::hook = &let_it_begin;
        park.unpark();
        may_begin.store(true);
        unpark_returned.store(true);
        other.join();
        return fell_asleep.load() && !was_unparked.load();
    }
};

/// Used instead of the wait. The first wait ends for no reason, the second one because of a token.
struct SpuriousWakeup {
    static inline rt::ThreadPark* park = nullptr;
    static inline int waits = 0;

    static void wait() {
        if (++waits == 2) {
            park->unpark();
        }
    }
};

}  // namespace support
