/// \file
/// `DrivenCondvar`: a condition variable that runs a hook of the test instead of waiting. A test header puts it in place of
/// `Condvar` with a macro before it includes the header under test, as tests/05-block-on/driven_park.hpp does.
///
/// Thread safety: every hook belongs to the thread that sets it.
#pragma once

#include <rt/sync.hpp>

#include <chrono>
#include <utility>

namespace rt {

/// A condition variable that runs a hook instead of waiting.
class DrivenCondvar : public Condvar {
  public:
    static inline thread_local void (*instead_of_waiting)() = nullptr;
    static inline rt::Atomic<int> notifications{0};         // by all threads
    static inline rt::Atomic<int> notifications_of_all{0};  // how many of them were for all that wait
    static inline thread_local int notified_too_early = 0;  // how many of them before this thread began to wait

    void notify_one() noexcept {
        notifications.fetch_add(1);
        Condvar::notify_one();
    }
    void notify_all() noexcept {
        notifications.fetch_add(1);
        notifications_of_all.fetch_add(1);
        Condvar::notify_all();
    }

    void wait(Lock& lock) {
        if (!runs_the_hook(lock)) {
            Condvar::wait(lock);
        }
    }
    template <class Clock, class Unit>
    CondvarStatus wait_until(Lock& lock, const std::chrono::time_point<Clock, Unit>& deadline) {
        if (!runs_the_hook(lock)) {
            return Condvar::wait_until(lock, deadline);
        }
        return Clock::now() < deadline ? CondvarStatus::no_timeout : CondvarStatus::timeout;
    }
    template <class Number, class Unit>
    CondvarStatus wait_for(Lock& lock, const std::chrono::duration<Number, Unit>& duration) {
        return wait_until(lock, deadline_of(duration));
    }

    template <class Predicate>
    void wait(Lock& lock, Predicate is_over) {
        while (!is_over()) {
            wait(lock);
        }
    }
    template <class Clock, class Unit, class Predicate>
    bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Unit>& deadline, Predicate is_over) {
        while (!is_over()) {
            if (wait_until(lock, deadline) == CondvarStatus::timeout) {
                return is_over();
            }
        }
        return true;
    }
    template <class Number, class Unit, class Predicate>
    bool wait_for(Lock& lock, const std::chrono::duration<Number, Unit>& duration, Predicate is_over) {
        return wait_until(lock, deadline_of(duration), std::move(is_over));
    }

  private:
    using Time = std::chrono::steady_clock::time_point;

    /// now + duration. If that is beyond the end of the clock, the standard library's sum overflows into the past.
    /// UBSan would report such a sum before the test can. So this function returns a moment in the past without the
    /// sum.
    static Time deadline_of(std::chrono::steady_clock::duration duration) {
        Time const now = std::chrono::steady_clock::now();
        return duration > Time::max() - now ? Time::min() : now + duration;
    }

    /// Runs the hook if there is one. As a real wait does, this releases the lock meanwhile.
    static bool runs_the_hook(Lock& lock) {
        if (instead_of_waiting == nullptr) {
            return false;
        }
        notified_too_early = notifications.load();
        lock.unlock();
        instead_of_waiting();
        lock.lock();
        return true;
    }
};

}  // namespace rt
