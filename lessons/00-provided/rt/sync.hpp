/// \file
/// The only place that names the standard library's atomics, locks and threads.
///
/// Given, not taught. Every lesson says `rt::Atomic<int>` or `rt::Mutex`, so that a scheduler that tries all
/// interleavings can one day stand in for all of them here, without a change anywhere else.
///
/// What a processor must do to change a word that other threads may be changing costs it some twenty cycles. As long as a
/// program has made no thread but its first, nobody else is there, and `Atomic` changes its word as any variable is changed:
/// the C library says when (it does so itself in its locks, and std::shared_ptr in its counts). The rules for who may do
/// what when, and the orders, are the same in both cases.
#pragma once

#include <rt/sys_thread.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <type_traits>

namespace rt {

/// A word that a signal handler changes: it may come in the middle of a change, also where there is one thread.
template <class T>
using SignalAtomic = std::atomic<T>;

using Mutex = std::mutex;
using Lock = std::unique_lock<std::mutex>;
using Condvar = std::condition_variable;
using CondvarStatus = std::cv_status;
using Thread = std::thread;
using ThreadId = std::thread::id;

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

/// std::atomic, with cheaper changes while there is one thread.
template <class T>
class Atomic : public std::atomic<T> {
    using Base = std::atomic<T>;
    using Order = std::memory_order;
    using Difference = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

  public:
    using Base::Base;
    using Base::operator=;

    void store(T value, Order order = seq_cst) noexcept {
        // Not one call with either order: g++ makes of an order that is known only at run time a seq_cst one.
        if (sys::is_only_thread()) {
            Base::store(value, relaxed);
        } else {
            Base::store(value, order);
        }
    }

    T exchange(T value, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace(value) : Base::exchange(value, order);
    }

    bool compare_exchange_strong(T& expected, T value, Order order, Order otherwise) noexcept {
        return sys::is_only_thread() ? replace_if(expected, value)
                                     : Base::compare_exchange_strong(expected, value, order, otherwise);
    }
    bool compare_exchange_strong(T& expected, T value, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace_if(expected, value)
                                     : Base::compare_exchange_strong(expected, value, order);
    }
    bool compare_exchange_weak(T& expected, T value, Order order, Order otherwise) noexcept {
        return sys::is_only_thread() ? replace_if(expected, value)
                                     : Base::compare_exchange_weak(expected, value, order, otherwise);
    }
    bool compare_exchange_weak(T& expected, T value, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace_if(expected, value)
                                     : Base::compare_exchange_weak(expected, value, order);
    }

    T fetch_add(Difference n, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace(static_cast<T>(now() + n)) : Base::fetch_add(n, order);
    }
    T fetch_sub(Difference n, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace(static_cast<T>(now() - n)) : Base::fetch_sub(n, order);
    }
    T fetch_or(T bits, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace(static_cast<T>(now() | bits)) : Base::fetch_or(bits, order);
    }
    T fetch_and(T bits, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace(static_cast<T>(now() & bits)) : Base::fetch_and(bits, order);
    }
    T fetch_xor(T bits, Order order = seq_cst) noexcept {
        return sys::is_only_thread() ? replace(static_cast<T>(now() ^ bits)) : Base::fetch_xor(bits, order);
    }

  private:
    T now() const noexcept { return Base::load(relaxed); }
    T replace(T value) noexcept {
        T const before = now();
        Base::store(value, relaxed);
        return before;
    }
    bool replace_if(T& expected, T value) noexcept {
        if (T const before = now(); before != expected) {
            expected = before;
            return false;
        }
        Base::store(value, relaxed);
        return true;
    }
};

/// The calling thread's identity.
inline ThreadId this_thread_id() noexcept { return std::this_thread::get_id(); }

/// How many threads this machine can run at once; at least 1.
inline unsigned available_parallelism() noexcept {
    unsigned n = std::thread::hardware_concurrency();
    return n == 0 ? 1 : n;
}

/// Gives the processor to another thread, if one wants it. Used while another thread finishes a step of a few
/// instructions, never to wait for an event.
inline void yield_thread() noexcept { std::this_thread::yield(); }

}  // namespace rt
