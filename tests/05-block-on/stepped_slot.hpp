/// \file
/// `WakerSlot` over a state that lets the other thread run just after each access: all orders of two threads, without a
/// second thread, and without luck.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

#include <utility>

/// What happens to a slot's state, as the calling thread sees it.
struct Steps {
    using Other = void (*)(void* data, int access, rt::Atomic<unsigned>& state);

    static inline constinit thread_local Other other = nullptr;  // not called for its own accesses
    static inline constinit thread_local void* data = nullptr;
    static inline constinit thread_local int accesses = 0;
    static inline constinit thread_local int stores = 0;
    static inline constinit thread_local int blind = 0;   // the slot was entered without an acquire
    static inline constinit thread_local int hidden = 0;  // it was left, or word was left in it, without a release

    static void changed(unsigned before, unsigned after, std::memory_order order = rt::seq_cst, auto...) noexcept {
        bool const both = order == rt::seq_cst || order == rt::acq_rel;
        if (before == 0 && after != 0) {
            blind += both || order == rt::acquire ? 0 : 1;
        } else if (before != 0) {
            hidden += both || order == rt::release ? 0 : 1;
        }
    }

    static void accessed(rt::Atomic<unsigned>& state) noexcept {
        ++accesses;
        if (Other const now = std::exchange(other, nullptr)) {
            now(data, accesses, state);
            other = now;
        }
    }

    /// Calls `call`; after each access to a slot's state, counted from 1, `other(access, state)` is what another thread
    /// does at that moment.
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
};

namespace rt {

/// What `Atomic` means in waker_slot.hpp, below.
template <class T>
class SteppedAtomic : public Atomic<T> {
    using Base = Atomic<T>;

    template <class Result>
    Result after(Result result) const noexcept {
        Steps::accessed(const_cast<SteppedAtomic&>(*this));
        return result;
    }

  public:
    using Base::Base;

    T load(auto... order) const noexcept { return after(Base::load(order...)); }
    operator T() const noexcept { return load(); }
    void store(T value, auto... order) noexcept {
        Base::store(value, order...);
        ++Steps::stores;
        Steps::accessed(*this);
    }
    T operator=(T value) noexcept {
        store(value);
        return value;
    }
    T exchange(T value, auto... order) noexcept {
        T const before = Base::exchange(value, order...);
        Steps::changed(before, value, order...);
        return after(before);
    }
    bool compare_exchange_strong(T& expected, T value, auto... orders) noexcept {
        bool const is_changed = Base::compare_exchange_strong(expected, value, orders...);
        if (is_changed) {
            Steps::changed(expected, value, orders...);
        }
        return after(is_changed);
    }
    bool compare_exchange_weak(T& expected, T value, auto... orders) noexcept {
        return compare_exchange_strong(expected, value, orders...);
    }
    T fetch_or(T bits, auto... order) noexcept {
        T const before = Base::fetch_or(bits, order...);
        Steps::changed(before, before | bits, order...);
        return after(before);
    }
    T fetch_and(T bits, auto... order) noexcept {
        T const before = Base::fetch_and(bits, order...);
        Steps::changed(before, before & bits, order...);
        return after(before);
    }
    T fetch_sub(T bits, auto... order) noexcept {
        T const before = Base::fetch_sub(bits, order...);
        Steps::changed(before, before - bits, order...);
        return after(before);
    }
    T fetch_xor(T bits, auto... order) noexcept {
        T const before = Base::fetch_xor(bits, order...);
        Steps::changed(before, before ^ bits, order...);
        return after(before);
    }
};

/// What `Mutex` and `Lock` mean in waker_slot.hpp: a thread that waits for itself is told so, and does not wait.
class SteppedMutex {
  public:
    SteppedMutex() = default;
    SteppedMutex(const SteppedMutex&) = delete;
    SteppedMutex& operator=(const SteppedMutex&) = delete;

    void lock() {
        if (holder_.load(relaxed) == this_thread_id()) {
            violation(
                "the slot's lock is held while a waker is copied, woken or dropped: that runs other code, which may come "
                "back to this slot, and then waits for itself; the slot does without a lock");
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
