/// \file
/// Given: the only file that names the standard library's atomics, locks, and threads. So a test tool that
/// tries every interleaving of the threads can replace them all here. Use `rt::Mutex` and the others like the standard ones.
#pragma once

#include <atomic>
#include <concepts>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

namespace rt {

template <class T>
using Atomic = std::atomic<T>;
using Mutex = std::mutex;
using Lock = std::unique_lock<std::mutex>;
using RecursiveMutex = std::recursive_mutex;
using RecursiveLock = std::unique_lock<std::recursive_mutex>;
using Condvar = std::condition_variable;
using CondvarStatus = std::cv_status;
using ThreadId = std::thread::id;

/// `std::thread`, but its error names what is missing: "cannot start a thread: Resource temporarily unavailable".
class Thread : public std::thread {
  public:
    Thread() noexcept = default;
    template <class F, class... Args>
        requires(!std::same_as<std::remove_cvref_t<F>, Thread>)
    explicit Thread(F&& f, Args&&... args) {
        try {
            std::thread::operator=(std::thread(std::forward<F>(f), std::forward<Args>(args)...));
        } catch (const std::system_error& error) {
            throw std::system_error(error.code(), "cannot start a thread");
        }
    }
};

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

/// The calling thread's identity.
inline ThreadId this_thread_id() noexcept { return std::this_thread::get_id(); }

/// Lets another thread run, if one wants to. Called while another thread finishes a step of a few instructions, never to
/// wait for an event.
inline void yield_thread() noexcept { std::this_thread::yield(); }

}  // namespace rt
