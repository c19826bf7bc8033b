/// \file
/// park.hpp with a Lock, an Atomic, and a Condvar that run a hook of the test at a chosen moment. So a test makes two
/// threads meet at the moment that would otherwise come once in a million times.
///
/// Thread safety: every hook belongs to the thread that sets it.
#pragma once

#include <observe/sys_observe.hpp>
#include <rt/sync.hpp>
#include <rt/trace.hpp>
#include <rt/violation.hpp>
#include <support/driven_condvar.hpp>

#include <utility>

namespace rt {

/// A lock that runs a hook before it locks.
class DrivenLock : public Lock {
  public:
    DrivenLock() = delete;  // `Lock(mutex_);` declares a variable. Give the lock a name: `Lock lock(mutex_);`
    template <class... Rest>
    explicit DrivenLock(Mutex& mutex, Rest... rest) : Lock(late(mutex), rest...) {}

    static inline thread_local void (*before_locking)() = nullptr;  // runs once
    static inline thread_local int made = 0;

  private:
    static Mutex& late(Mutex& mutex) {
        ++made;
        if (auto* const hook = std::exchange(before_locking, nullptr)) {
            hook();
        }
        return mutex;
    }
};

/// Runs a hook after the next access of this thread to a DrivenAtomic.
struct AfterAnAccess {
    static inline thread_local void (*hook)() = nullptr;  // runs once
    static inline thread_local int accesses_left =
        -1;  // until this thread must wait. A negative number means no limit.

    ~AfterAnAccess() {
        if (accesses_left >= 0 && accesses_left-- == 0) {
            violation(
                "park reads its state again and again and never waits, which keeps the processor busy. Sleep with "
                "condvar_.wait(lock).");
        }
        if (auto* const now = std::exchange(hook, nullptr)) {
            now();
        }
    }
};

/// Counts how this thread puts tokens into the state and takes them out. Lets a compare_exchange_weak fail.
struct Tokens {
    static constexpr int empty = 0;  // as in park.hpp
    static constexpr int notified = 2;

    static inline thread_local int put = 0;              // into the state, also where there was one already
    static inline thread_local int unreleased = 0;       // put there without `release`
    static inline thread_local int unacquired = 0;       // taken without `acquire`
    static inline thread_local int stores = 0;           // plain stores, which may overwrite a token
    static inline thread_local bool weak_fails = false;  // once, for no reason

    /// `reads` is false for a plain store.
    static void changed(int before, int after, std::memory_order order, bool reads = true) noexcept {
        stores += reads ? 0 : 1;
        bool const both = order == seq_cst || order == acq_rel;
        put += after == notified ? 1 : 0;
        unreleased += after == notified && !both && order != release ? 1 : 0;
        unacquired += before == notified && after == empty && !(reads && (both || order == acquire)) ? 1 : 0;
    }
};

/// An Atomic that runs a hook after an access.
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
        return !fails_for_no_reason(expected) && compare_exchange_strong(expected, value, order, otherwise);
    }
    bool compare_exchange_weak(T& expected, T value, Order order = seq_cst) noexcept {
        return !fails_for_no_reason(expected) && compare_exchange_strong(expected, value, order);
    }

  private:
    static bool changed(bool is_changed, T before, T after, Order order) noexcept {
        if (is_changed) {
            Tokens::changed(before, after, order);
        }
        return is_changed;
    }
    bool fails_for_no_reason(T& expected) const noexcept {
        if (!std::exchange(Tokens::weak_fails, false)) {
            return false;
        }
        expected = load(relaxed);
        return true;
    }
};

}  // namespace rt

namespace support {

/// True if that thread waits for a lock, or has ended. A busy machine may keep a running thread off the processor for a
/// moment, so this looks three times.
inline bool is_blocked(int thread) {
    for (int look = 0; look < 3; ++look) {
        if (rt::sys::is_runnable(thread)) {
            return false;
        }
        rt::yield_thread();
    }
    return true;
}

/// Lets other threads run until `done()` is true.
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
