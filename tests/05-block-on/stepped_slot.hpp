/// \file
/// `WakerSlot` over a state that lets the other thread run just after each access: all orders of two threads, without a
/// second thread, and without luck.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <utility>

/// What happens to a slot's state, as the calling thread sees it.
struct Steps {
    using Other = void (*)(void* data, int access, rt::Atomic<unsigned>& state);

    static inline constinit thread_local Other other = nullptr;  // not called for its own accesses
    static inline constinit thread_local void* data = nullptr;
    static inline constinit thread_local int accesses = 0;
    static inline constinit thread_local int stores = 0;

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
    T exchange(T value, auto... order) noexcept { return after(Base::exchange(value, order...)); }
    bool compare_exchange_strong(T& expected, T value, auto... orders) noexcept {
        return after(Base::compare_exchange_strong(expected, value, orders...));
    }
    bool compare_exchange_weak(T& expected, T value, auto... orders) noexcept {
        return after(Base::compare_exchange_weak(expected, value, orders...));
    }
    T fetch_or(T bits, auto... order) noexcept { return after(Base::fetch_or(bits, order...)); }
    T fetch_and(T bits, auto... order) noexcept { return after(Base::fetch_and(bits, order...)); }
};

}  // namespace rt

#define Atomic SteppedAtomic
#include <rt/waker_slot.hpp>
#undef Atomic
