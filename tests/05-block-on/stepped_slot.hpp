/// \file
/// `WakerSlot` over a state that calls the test after each access. So a test plays every order of two threads on one
/// thread, and needs no luck.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <utility>

/// Counts what the calling thread does to a slot's state, and plays another thread.
struct Steps {
    using Other = void (*)(void* data, int access, rt::Atomic<unsigned>& state);

    static inline constinit thread_local Other other = nullptr;  // is not called for its own accesses
    static inline constinit thread_local void* data = nullptr;
    static inline constinit thread_local int accesses = 0;
    static inline constinit thread_local int stores = 0;
    static inline constinit thread_local int unacquired = 0;  // entered the slot without `acquire`
    static inline constinit thread_local int unreleased = 0;  // left the slot, or set a bit there, without `release`
    static inline constinit thread_local int unheard = 0;     // took over a wake without `acquire`
    static inline constinit thread_local bool hears = false;  // has read the `waking` bit with `acquire`

    /// An access has read the state, also one that changed nothing.
    static void found(unsigned value, std::memory_order order = rt::seq_cst) noexcept {
        bool const acquires = order == rt::seq_cst || order == rt::acq_rel || order == rt::acquire;
        hears = (value & 2U) != 0 && (hears || acquires);
    }

    static void changed(unsigned before, unsigned after, std::memory_order order = rt::seq_cst, auto...) noexcept {
        bool const both = order == rt::seq_cst || order == rt::acq_rel;
        if (before == 0 && after != 0) {
            unacquired += both || order == rt::acquire ? 0 : 1;
        } else if (before != 0) {
            unreleased += both || order == rt::release ? 0 : 1;
        }
        bool const heard = std::exchange(hears, false);
        found(before, order);
        unheard += before == 3 && after == 0 && !heard && !hears ? 1 : 0;
    }

    /// Called before each access.
    static void begins(rt::Atomic<unsigned>& state) noexcept {
        if (accesses == 0) {
            play(state);
        }
    }

    static void accessed(rt::Atomic<unsigned>& state) noexcept {
        ++accesses;
        play(state);
    }

    /// Calls `call`. After each access to a slot's state calls `other_thread(access, state)`, which does what another thread
    /// would do at that moment. Accesses count from 1. Access 0 is the moment before the first one.
    template <class OtherThread, class Call>
    static void between(OtherThread other_thread, Call call) {
        accesses = 0;
        data = &other_thread;
        other = [](void* it, int access, rt::Atomic<unsigned>& state) {
            (*static_cast<OtherThread*>(it))(access, state);
        };
        call();
        other = nullptr;
    }

  private:
    static void play(rt::Atomic<unsigned>& state) noexcept {
        if (Other const now = std::exchange(other, nullptr)) {
            now(data, accesses, state);
            other = now;
        }
    }
};

namespace rt {

/// Takes the place of `Atomic` in waker_slot.hpp.
template <class T>
class SteppedAtomic : public Atomic<T> {
    using Base = Atomic<T>;

    void before() const noexcept { Steps::begins(const_cast<SteppedAtomic&>(*this)); }
    template <class Result>
    Result after(Result result) const noexcept {
        Steps::accessed(const_cast<SteppedAtomic&>(*this));
        return result;
    }

    using Order = std::memory_order;
    static Order failure(Order, Order order) noexcept { return order; }
    static Order failure(Order order = seq_cst) noexcept {
        return order == acq_rel ? acquire : order == release ? relaxed : order;
    }

  public:
    using Base::Base;

    T load(auto... order) const noexcept {
        before();
        T const value = Base::load(order...);
        Steps::found(value, order...);
        return after(value);
    }
    operator T() const noexcept { return load(); }
    void store(T value, auto... order) noexcept {
        before();
        Base::store(value, order...);
        ++Steps::stores;
        Steps::accessed(*this);
    }
    T operator=(T value) noexcept {
        store(value);
        return value;
    }
    T exchange(T value, auto... order) noexcept {
        before();
        T const old = Base::exchange(value, order...);
        Steps::changed(old, value, order...);
        return after(old);
    }
    bool compare_exchange_strong(T& expected, T value, auto... orders) noexcept {
        before();
        bool const is_changed = Base::compare_exchange_strong(expected, value, orders...);
        if (is_changed) {
            Steps::changed(expected, value, orders...);
        } else {
            Steps::found(expected, failure(orders...));
        }
        return after(is_changed);
    }
    bool compare_exchange_weak(T& expected, T value, auto... orders) noexcept {
        return compare_exchange_strong(expected, value, orders...);
    }
    T fetch_or(T bits, auto... order) noexcept {
        before();
        T const old = Base::fetch_or(bits, order...);
        Steps::changed(old, old | bits, order...);
        return after(old);
    }
    T fetch_and(T bits, auto... order) noexcept {
        before();
        T const old = Base::fetch_and(bits, order...);
        Steps::changed(old, old & bits, order...);
        return after(old);
    }
    T fetch_sub(T bits, auto... order) noexcept {
        before();
        T const old = Base::fetch_sub(bits, order...);
        Steps::changed(old, old - bits, order...);
        return after(old);
    }
    T fetch_xor(T bits, auto... order) noexcept {
        before();
        T const old = Base::fetch_xor(bits, order...);
        Steps::changed(old, old ^ bits, order...);
        return after(old);
    }
};

/// Takes the place of `Mutex` in waker_slot.hpp. A thread that locks it twice gets a sentence instead of a deadlock.
class SteppedMutex {
  public:
    SteppedMutex() = default;
    SteppedMutex(const SteppedMutex&) = delete;
    SteppedMutex& operator=(const SteppedMutex&) = delete;

    void lock() {
        if (holder_.load(relaxed) == this_thread_id()) {
            violation(
                "a deadlock: a waker was copied or dropped under the slot's lock, and its code used this slot again. Let the "
                "two bits decide which thread may touch the waker, without a lock.");
        }
        mutex_.lock();
        holder_.store(this_thread_id(), relaxed);
    }
    bool try_lock() {
        bool const is_mine = mutex_.try_lock();
        if (is_mine) {
            holder_.store(this_thread_id(), relaxed);
        }
        return is_mine;
    }
    void unlock() {
        holder_.store(ThreadId(), relaxed);
        mutex_.unlock();
    }

  private:
    Mutex mutex_;
    Atomic<ThreadId> holder_{ThreadId()};
};
using SteppedLock = std::unique_lock<SteppedMutex>;

}  // namespace rt

#define Atomic SteppedAtomic
#define Mutex SteppedMutex
#define Lock SteppedLock
#include <rt/waker_slot.hpp>
#undef Atomic
#undef Mutex
#undef Lock
