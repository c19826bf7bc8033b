/// \file
/// Stands in for solutions/00-provided/rt/sync.hpp and counts. A program that finds this header first is the same runtime, and
/// tells how often its threads step on each other's toes; contended.cpp is one.
///
/// Counted, by each thread for itself:
///
///     locked   what the processor must do alone in the machine: read-modify-writes and sequentially consistent stores of an
///              rt::Atomic, and taking a mutex (giving it back is another, not counted twice)
///     moved    those of them whose word another thread has changed last: the cache line has to come from its core. This is
///              what grows with the threads, and what no machine does faster for having more cores
///     waited   mutexes that were not free
///
/// A relaxed or release store counts as moved, too, if another thread has written before, but not as locked.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>

namespace counting {

struct Counts {
    std::uint64_t locked = 0;
    std::uint64_t moved = 0;
    std::uint64_t waited = 0;
};

inline std::atomic<std::uint64_t> all_locked{0};
inline std::atomic<std::uint64_t> all_moved{0};
inline std::atomic<std::uint64_t> all_waited{0};
inline std::atomic<std::uint32_t> threads{0};

/// One thread's; added to all when it ends, or by `flush`.
class Mine {
  public:
    Mine() noexcept = default;
    Mine(const Mine&) = delete;
    Mine& operator=(const Mine&) = delete;
    ~Mine() { flush(); }

    void flush() noexcept {
        all_locked += counts.locked;
        all_moved += counts.moved;
        all_waited += counts.waited;
        counts = Counts{};
    }

    Counts counts;
    std::uint32_t const id = ++threads;
};

inline thread_local Mine mine;

/// Who changed a word last.
class Writer {
  public:
    void wrote(bool locked) noexcept {
        mine.counts.locked += locked ? 1 : 0;
        std::uint32_t before = last_.exchange(mine.id, std::memory_order_relaxed);
        mine.counts.moved += before != 0 && before != mine.id ? 1 : 0;
    }

  private:
    std::atomic<std::uint32_t> last_{0};
};

}  // namespace counting

namespace rt {

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

/// std::atomic with its changes counted.
template <class T>
class Atomic : public std::atomic<T> {
    using Base = std::atomic<T>;
    using Order = std::memory_order;
    using Difference = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

  public:
    constexpr Atomic() noexcept = default;
    constexpr Atomic(T value) noexcept : Base(value) {}  // not explicit, as std::atomic's

    T operator=(T value) noexcept {
        store(value);
        return value;
    }
    void store(T value, Order order = seq_cst) noexcept {
        writer_.wrote(order == seq_cst);
        Base::store(value, order);
    }
    T exchange(T value, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::exchange(value, order);
    }
    bool compare_exchange_strong(T& expected, T value, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::compare_exchange_strong(expected, value, order);
    }
    bool compare_exchange_strong(T& expected, T value, Order order, Order otherwise) noexcept {
        writer_.wrote(true);
        return Base::compare_exchange_strong(expected, value, order, otherwise);
    }
    bool compare_exchange_weak(T& expected, T value, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::compare_exchange_weak(expected, value, order);
    }
    bool compare_exchange_weak(T& expected, T value, Order order, Order otherwise) noexcept {
        writer_.wrote(true);
        return Base::compare_exchange_weak(expected, value, order, otherwise);
    }
    T fetch_add(Difference n, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::fetch_add(n, order);
    }
    T fetch_sub(Difference n, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::fetch_sub(n, order);
    }
    T fetch_or(T bits, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::fetch_or(bits, order);
    }
    T fetch_and(T bits, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::fetch_and(bits, order);
    }
    T fetch_xor(T bits, Order order = seq_cst) noexcept {
        writer_.wrote(true);
        return Base::fetch_xor(bits, order);
    }
    T operator++() noexcept { return static_cast<T>(fetch_add(1) + 1); }
    T operator++(int) noexcept { return fetch_add(1); }
    T operator--() noexcept { return static_cast<T>(fetch_sub(1) - 1); }
    T operator--(int) noexcept { return fetch_sub(1); }

  private:
    counting::Writer writer_;
};

/// A word that a signal handler changes. Not counted: threads do not share it.
template <class T>
using SignalAtomic = std::atomic<T>;

/// std::mutex with its taking counted.
class Mutex : public std::mutex {
  public:
    void lock() {
        if (!std::mutex::try_lock()) {
            ++counting::mine.counts.waited;
            std::mutex::lock();
        }
        writer_.wrote(true);
    }
    bool try_lock() {
        bool locked = std::mutex::try_lock();
        writer_.wrote(true);
        return locked;
    }

  private:
    counting::Writer writer_;
};

/// What std::unique_lock<std::mutex> is to a std::mutex.
class Lock : public std::unique_lock<Mutex> {
  public:
    using std::unique_lock<Mutex>::unique_lock;
    Lock() noexcept = default;
};

/// It sleeps on the mutex itself; waking up takes it, which is counted by the mutex.
using Condvar = std::condition_variable_any;
using CondvarStatus = std::cv_status;
using Thread = std::thread;
using ThreadId = std::thread::id;

inline ThreadId this_thread_id() noexcept { return std::this_thread::get_id(); }

inline unsigned available_parallelism() noexcept {
    unsigned n = std::thread::hardware_concurrency();
    return n == 0 ? 1 : n;
}

inline void yield_thread() noexcept { std::this_thread::yield(); }

}  // namespace rt
