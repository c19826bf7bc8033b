/// \file
/// park.hpp with a Lock, an Atomic and a Condvar to which a test can do something at a chosen moment: what two threads do to
/// each other once in a million times happens here each time.
///
/// The hooks belong to the thread that sets them.
#pragma once

#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>

#include <chrono>
#include <utility>

namespace rt {

/// A lock before which something may happen.
class DrivenLock : public Lock {
  public:
    DrivenLock() = delete;  // this declares a variable and locks nothing: give the lock a name, `Lock lock(mutex_);`
    template <class... Rest>
    explicit DrivenLock(Mutex& mutex, Rest... rest) : Lock(late(mutex), rest...) {}

    static inline thread_local void (*happens_before)() = nullptr;  // once
    static inline thread_local int made = 0;

  private:
    static Mutex& late(Mutex& mutex) {
        ++made;
        if (auto* const happens = std::exchange(happens_before, nullptr)) {
            happens();
        }
        return mutex;
    }
};

/// What happens after a thread's first access to its next DrivenAtomic.
struct AfterAnAccess {
    static inline thread_local void (*happens)() = nullptr;  // once
    static inline thread_local int accesses_left = -1;       // before this thread is to wait; negative: any number

    ~AfterAnAccess() {
        if (accesses_left >= 0 && accesses_left-- == 0) {
            violation(
                "park looks at its state again and again, and never waits: that is no sleep, the processor is at work all "
                "the while; condvar_.wait(lock) sleeps");
        }
        if (auto* const now = std::exchange(happens, nullptr)) {
            now();
        }
    }
};

/// How this thread put tokens down and took them, and whether its next compare_exchange_weak fails for nothing.
struct Tokens {
    static constexpr int empty = 0;  // as park.hpp has it
    static constexpr int notified = 2;

    static inline thread_local int hidden = 0;  // put down without a release: what was done before need not be seen
    static inline thread_local int blind = 0;   // taken without an acquire: what was done before is not seen
    static inline thread_local bool weak_fails = false;  // once

    static void changed(int before, int after, std::memory_order order, bool looks = true) noexcept {
        bool const both = order == seq_cst || order == acq_rel;
        hidden += after == notified && !both && order != release ? 1 : 0;
        blind += before == notified && after == empty && !(looks && (both || order == acquire)) ? 1 : 0;
    }
};

/// An Atomic after whose first access something may happen.
template <class T>
class DrivenAtomic : public Atomic<T> {
    using Base = Atomic<T>;
    using Order = std::memory_order;

  public:
    using Base::Base;

    operator T() const noexcept { return load(); }
    T operator=(T value) noexcept {
        store(value);
        return value;
    }

    T load(Order order = seq_cst) const noexcept {
        AfterAnAccess const after;
        return Base::load(order);
    }
    void store(T value, Order order = seq_cst) noexcept {
        AfterAnAccess const after;
        Tokens::changed(Base::load(relaxed), value, order, false);
        Base::store(value, order);
    }
    T exchange(T value, Order order = seq_cst) noexcept {
        AfterAnAccess const after;
        T const before = Base::exchange(value, order);
        Tokens::changed(before, value, order);
        return before;
    }
    bool compare_exchange_strong(T& expected, T value, Order order, Order otherwise) noexcept {
        AfterAnAccess const after;
        return changed(Base::compare_exchange_strong(expected, value, order, otherwise), expected, value, order);
    }
    bool compare_exchange_strong(T& expected, T value, Order order = seq_cst) noexcept {
        AfterAnAccess const after;
        return changed(Base::compare_exchange_strong(expected, value, order), expected, value, order);
    }
    bool compare_exchange_weak(T& expected, T value, Order order, Order otherwise) noexcept {
        return !fails_for_nothing(expected) && compare_exchange_strong(expected, value, order, otherwise);
    }
    bool compare_exchange_weak(T& expected, T value, Order order = seq_cst) noexcept {
        return !fails_for_nothing(expected) && compare_exchange_strong(expected, value, order);
    }

  private:
    static bool changed(bool is_changed, T before, T after, Order order) noexcept {
        if (is_changed) {
            Tokens::changed(before, after, order);
        }
        return is_changed;
    }
    bool fails_for_nothing(T& expected) const noexcept {
        if (!std::exchange(Tokens::weak_fails, false)) {
            return false;
        }
        expected = load(relaxed);
        return true;
    }
};

/// A condition variable in whose place something else may wake the waiting thread.
class DrivenCondvar : public Condvar {
  public:
    static inline thread_local void (*instead_of_waiting)() = nullptr;
    static inline rt::Atomic<int> notifications{0};  // by any thread
    static inline thread_local int missed = 0;       // how many of them had come before the wait began

    void notify_one() noexcept {
        notifications.fetch_add(1);
        Condvar::notify_one();
    }
    void notify_all() noexcept {
        notifications.fetch_add(1);
        Condvar::notify_all();
    }

    void wait(Lock& lock) {
        if (!does_something_else(lock)) {
            Condvar::wait(lock);
        }
    }
    template <class Clock, class Unit>
    CondvarStatus wait_until(Lock& lock, const std::chrono::time_point<Clock, Unit>& deadline) {
        if (!does_something_else(lock)) {
            return Condvar::wait_until(lock, deadline);
        }
        return Clock::now() < deadline ? CondvarStatus::no_timeout : CondvarStatus::timeout;
    }
    template <class Number, class Unit>
    CondvarStatus wait_for(Lock& lock, const std::chrono::duration<Number, Unit>& duration) {
        return wait_until(lock, std::chrono::steady_clock::now() + duration);
    }

    template <class Predicate>
    void wait(Lock& lock, Predicate has_come) {
        while (!has_come()) {
            wait(lock);
        }
    }
    template <class Clock, class Unit, class Predicate>
    bool wait_until(Lock& lock, const std::chrono::time_point<Clock, Unit>& deadline, Predicate has_come) {
        while (!has_come()) {
            if (wait_until(lock, deadline) == CondvarStatus::timeout) {
                return has_come();
            }
        }
        return true;
    }
    template <class Number, class Unit, class Predicate>
    bool wait_for(Lock& lock, const std::chrono::duration<Number, Unit>& duration, Predicate has_come) {
        return wait_until(lock, std::chrono::steady_clock::now() + duration, std::move(has_come));
    }

  private:
    /// Like a wait, it lets go of the lock meanwhile.
    static bool does_something_else(Lock& lock) {
        if (instead_of_waiting == nullptr) {
            return false;
        }
        missed = notifications.load();
        lock.unlock();
        instead_of_waiting();
        lock.lock();
        return true;
    }
};

}  // namespace rt

namespace support {

/// True if that thread neither runs nor wants to: it stands before a lock, or has gone. Others see it stand still for a
/// moment now and then: so it is asked thrice.
inline bool stands_still(int thread) {
    for (int look = 0; look < 3; ++look) {
        if (rt::sys::is_runnable(thread)) {
            return false;
        }
        rt::yield_thread();
    }
    return true;
}

/// Lets the other thread have the processor until `done()`.
template <class Done>
void yield_until(Done done) {
    while (!done()) {
        rt::yield_thread();
    }
}

}  // namespace support

#define Lock DrivenLock
#define Atomic DrivenAtomic
#define Condvar DrivenCondvar
#include <rt/park.hpp>  // IWYU pragma: export
#undef Lock
#undef Atomic
#undef Condvar
