/// \file
/// park.hpp with a Lock, an Atomic and a Condvar to which a test can do something at a chosen moment: what two threads do to
/// each other once in a million times happens here each time.
///
/// The hooks belong to the thread that sets them.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys_process.hpp>
#include <rt/trace.hpp>

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

  private:
    static Mutex& late(Mutex& mutex) {
        if (auto* const happens = std::exchange(happens_before, nullptr)) {
            happens();
        }
        return mutex;
    }
};

/// What happens after a thread's first access to its next DrivenAtomic.
struct AfterAnAccess {
    static inline thread_local void (*happens)() = nullptr;  // once

    ~AfterAnAccess() {
        if (auto* const now = std::exchange(happens, nullptr)) {
            now();
        }
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
        Base::store(value, order);
    }
    T exchange(T value, Order order = seq_cst) noexcept {
        AfterAnAccess const after;
        return Base::exchange(value, order);
    }
    bool compare_exchange_strong(T& expected, T value, Order order, Order otherwise) noexcept {
        AfterAnAccess const after;
        return Base::compare_exchange_strong(expected, value, order, otherwise);
    }
    bool compare_exchange_strong(T& expected, T value, Order order = seq_cst) noexcept {
        AfterAnAccess const after;
        return Base::compare_exchange_strong(expected, value, order);
    }
    bool compare_exchange_weak(T& expected, T value, Order order, Order otherwise) noexcept {
        AfterAnAccess const after;
        return Base::compare_exchange_weak(expected, value, order, otherwise);
    }
    bool compare_exchange_weak(T& expected, T value, Order order = seq_cst) noexcept {
        AfterAnAccess const after;
        return Base::compare_exchange_weak(expected, value, order);
    }
};

/// A condition variable in whose place something else may wake the waiting thread.
class DrivenCondvar : public Condvar {
  public:
    static inline thread_local void (*instead_of_waiting)() = nullptr;

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
