/// \file
/// `SteppedAtomic`: an atomic word that calls the test after each access. So a test plays every order of two threads on one
/// thread, and needs no luck.
///
/// A test includes the header that it tests with `#define Atomic SteppedAtomic` above. If other files of the same executable
/// include that header too, the test must rename the header's class in the same way.
#pragma once

#include <rt/sync.hpp>

#include <type_traits>
#include <utility>

namespace support {

/// True if an access with this order sees what the other thread did before its release.
constexpr bool acquires(std::memory_order order) noexcept {
    return order == rt::acquire || order == rt::acq_rel || order == rt::seq_cst;
}
/// True if a write with this order publishes what its thread did before.
constexpr bool releases(std::memory_order order) noexcept {
    return order == rt::release || order == rt::acq_rel || order == rt::seq_cst;
}

/// True for a type whose atomics are stepped. A test adds a type of its own before it includes the header under test.
template <class T>
inline constexpr bool is_stepped = std::is_same_v<T, unsigned>;

/// One access to a stepped atomic. `before` and `after` are 0 unless the atomic is of type `unsigned`.
struct Access {
    unsigned before;
    unsigned after;
    bool writes;  // false for a load, and for a compare_exchange that fails
    std::memory_order order;
    const void* atomic;  // its address
};

/// Watches what the calling thread does to a stepped atomic, and plays another thread.
struct Steps {
    using Other = void (*)(void* data, int access, rt::Atomic<unsigned>& word);
    using Observer = void (*)(const Access& access);

    static inline constinit thread_local Other other = nullptr;  // it is not called for its own accesses
    static inline constinit thread_local void* data = nullptr;
    static inline constinit thread_local int accesses = 0;  // without those of the other thread
    static inline constinit thread_local int stores = 0;
    static inline constinit thread_local Observer on_access = nullptr;
    static inline constinit thread_local bool next_weak_fails = false;  // the next compare_exchange_weak, for no reason
    static inline rt::Atomic<unsigned> no_word{0};  // for `other`, if the atomic is not of type `unsigned`

    /// Called before each access.
    static void begins(rt::Atomic<unsigned>& word) noexcept {
        if (accesses == 0) {
            play(word);
        }
    }

    /// Called after each access.
    static void accessed(rt::Atomic<unsigned>& word, const Access& access) noexcept {
        if (on_access != nullptr) {
            on_access(access);
        }
        ++accesses;
        play(word);
    }

    /// Calls `call`. After each access of `call` to a stepped atomic, calls `other_thread(access, word)`. That function
    /// does what another thread would do then. Accesses count from 1. Access 0 is the moment before the first one.
    template <class OtherThread, class Call>
    static void between(OtherThread other_thread, Call call) {
        accesses = 0;
        data = &other_thread;
        other = [](void* it, int access, rt::Atomic<unsigned>& word) {
            (*static_cast<OtherThread*>(it))(access, word);
        };
        call();
        other = nullptr;
    }

  private:
    static void play(rt::Atomic<unsigned>& word) noexcept {
        if (Other const now = std::exchange(other, nullptr)) {
            int const mine = accesses;
            now(data, mine, word);
            accesses = mine;
            other = now;
        }
    }
};

}  // namespace support

namespace rt {

/// Takes the place of `Atomic` in the header under test.
template <class T>
class SteppedAtomic : public Atomic<T> {
    using Base = Atomic<T>;

    void begins() const noexcept {
        if constexpr (std::is_same_v<T, unsigned>) {
            support::Steps::begins(const_cast<SteppedAtomic&>(*this));
        } else if constexpr (support::is_stepped<T>) {
            support::Steps::begins(support::Steps::no_word);
        }
    }
    T accessed(T before, [[maybe_unused]] T after, bool writes, std::memory_order order) const noexcept {
        if constexpr (std::is_same_v<T, unsigned>) {
            support::Steps::accessed(const_cast<SteppedAtomic&>(*this), {before, after, writes, order, this});
        } else if constexpr (support::is_stepped<T>) {
            support::Steps::accessed(support::Steps::no_word, {0, 0, writes, order, this});
        }
        return before;
    }

  public:
    using Base::Base;

    T load(std::memory_order order = seq_cst) const noexcept {
        begins();
        T const value = Base::load(order);
        return accessed(value, value, false, order);
    }
    operator T() const noexcept { return load(); }
    void store(T value, std::memory_order order = seq_cst) noexcept {
        begins();
        T const before = Base::load(relaxed);
        Base::store(value, order);
        ++support::Steps::stores;
        accessed(before, value, true, order);
    }
    T operator=(T value) noexcept {
        store(value);
        return value;
    }
    T exchange(T value, std::memory_order order = seq_cst) noexcept {
        begins();
        return accessed(Base::exchange(value, order), value, true, order);
    }
    bool compare_exchange_strong(T& expected, T value, std::memory_order order, std::memory_order failure) noexcept {
        begins();
        if (Base::compare_exchange_strong(expected, value, order, failure)) {
            accessed(expected, value, true, order);
            return true;
        }
        accessed(expected, expected, false, failure);
        return false;
    }
    bool compare_exchange_strong(T& expected, T value, std::memory_order order = seq_cst) noexcept {
        std::memory_order const failure = order == acq_rel ? acquire : order == release ? relaxed : order;
        return compare_exchange_strong(expected, value, order, failure);
    }
    bool compare_exchange_weak(T& expected, T value, auto... orders) noexcept {
        if (std::exchange(support::Steps::next_weak_fails, false)) {
            expected = load(relaxed);
            return false;
        }
        return compare_exchange_strong(expected, value, orders...);
    }
    T fetch_or(T bits, std::memory_order order = seq_cst) noexcept {
        begins();
        T const before = Base::fetch_or(bits, order);
        return accessed(before, before | bits, true, order);
    }
    T fetch_and(T bits, std::memory_order order = seq_cst) noexcept {
        begins();
        T const before = Base::fetch_and(bits, order);
        return accessed(before, before & bits, true, order);
    }
    T fetch_xor(T bits, std::memory_order order = seq_cst) noexcept {
        begins();
        T const before = Base::fetch_xor(bits, order);
        return accessed(before, before ^ bits, true, order);
    }
    T fetch_add(T amount, std::memory_order order = seq_cst) noexcept {
        begins();
        T const before = Base::fetch_add(amount, order);
        return accessed(before, before + amount, true, order);
    }
    T fetch_sub(T amount, std::memory_order order = seq_cst) noexcept {
        begins();
        T const before = Base::fetch_sub(amount, order);
        return accessed(before, before - amount, true, order);
    }

    // The operators of std::atomic, which yield the new value.
    T operator|=(T bits) noexcept { return fetch_or(bits) | bits; }
    T operator&=(T bits) noexcept { return fetch_and(bits) & bits; }
    T operator^=(T bits) noexcept { return fetch_xor(bits) ^ bits; }
    T operator+=(T amount) noexcept { return fetch_add(amount) + amount; }
    T operator-=(T amount) noexcept { return fetch_sub(amount) - amount; }
    T operator++() noexcept { return *this += 1; }
    T operator--() noexcept { return *this -= 1; }
    T operator++(int) noexcept { return fetch_add(1); }
    T operator--(int) noexcept { return fetch_sub(1); }
};

}  // namespace rt
