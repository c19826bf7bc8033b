/// \file
/// What rt/sync.hpp has, explored: each operation is a point at which the explorer may let another thread go on.
///
/// A test includes `explore/replace.hpp`, then the header that it tests, then `explore/restore.hpp`. Outside of an execution
/// these classes behave as the ordinary ones.
#pragma once

#include <rt/sync.hpp>
#include <support/explore/explorer.hpp>

#include <chrono>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <source_location>
#include <tuple>
#include <type_traits>
#include <utility>

namespace rt {

/// An atomic that keeps its earlier values during an execution.
template <class T>
class ExploredAtomic {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8);
    using Where = std::source_location;

  public:
    using value_type = T;

    constexpr ExploredAtomic() noexcept : ExploredAtomic(T()) {}
    constexpr ExploredAtomic(T value) noexcept : real_(value) {
        if (!std::is_constant_evaluated()) {
            explore::detail::begin(this);
        }
    }
    ExploredAtomic(const ExploredAtomic&) = delete;
    ExploredAtomic& operator=(const ExploredAtomic&) = delete;

    T load(std::memory_order order = seq_cst, Where where = Where::current()) const noexcept {
        if (!explore::detail::is_explored()) {
            return real_.load(order);
        }
        return from(explore::detail::load(this, bits(now()), static_cast<int>(order), where));
    }
    operator T() const noexcept { return load(); }
    void store(T next, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        if (!explore::detail::is_explored()) {
            return real_.store(next, order);
        }
        explore::detail::before_change(this, where);
        T const before = now();
        real_.store(next, relaxed);
        explore::detail::store(this, bits(before), bits(next), static_cast<int>(order));
    }
    T operator=(T next) noexcept {
        store(next);
        return next;
    }
    T exchange(T next, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        return update([next](T) { return next; }, order, where);
    }
    bool compare_exchange_strong(T& expected, T next, std::memory_order order, std::memory_order failure,
                                 Where where = Where::current()) noexcept {
        if (!explore::detail::is_explored()) {
            return real_.compare_exchange_strong(expected, next, order, failure);
        }
        explore::detail::before_change(this, where);
        T const found = now();
        if (bits(found) != bits(expected)) {
            explore::detail::failed_exchange(this, bits(found), static_cast<int>(failure));
            expected = found;
            return false;
        }
        real_.store(next, relaxed);
        explore::detail::update(this, bits(found), bits(next), static_cast<int>(order));
        return true;
    }
    bool compare_exchange_strong(T& expected, T next, std::memory_order order = seq_cst,
                                 Where where = Where::current()) noexcept {
        return compare_exchange_strong(expected, next, order, of_failure(order), where);
    }
    bool compare_exchange_weak(T& expected, T next, std::memory_order order, std::memory_order failure,
                               Where where = Where::current()) noexcept {
        if (explore::detail::is_explored() && explore::detail::surprise()) {
            expected = load(failure, where);
            return false;
        }
        return compare_exchange_strong(expected, next, order, failure, where);
    }
    bool compare_exchange_weak(T& expected, T next, std::memory_order order = seq_cst,
                               Where where = Where::current()) noexcept {
        return compare_exchange_weak(expected, next, order, of_failure(order), where);
    }
    T fetch_or(T other, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        return update([other](T before) { return static_cast<T>(before | other); }, order, where);
    }
    T fetch_and(T other, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        return update([other](T before) { return static_cast<T>(before & other); }, order, where);
    }
    T fetch_xor(T other, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        return update([other](T before) { return static_cast<T>(before ^ other); }, order, where);
    }
    T fetch_add(auto amount, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        return update([amount](T before) { return static_cast<T>(before + amount); }, order, where);
    }
    T fetch_sub(auto amount, std::memory_order order = seq_cst, Where where = Where::current()) noexcept {
        return update([amount](T before) { return static_cast<T>(before - amount); }, order, where);
    }
    T operator++() noexcept { return fetch_add(1) + 1; }
    T operator++(int) noexcept { return fetch_add(1); }
    T operator--() noexcept { return fetch_sub(1) - 1; }
    T operator--(int) noexcept { return fetch_sub(1); }
    T operator+=(auto amount) noexcept { return fetch_add(amount) + amount; }
    T operator-=(auto amount) noexcept { return fetch_sub(amount) - amount; }
    T operator|=(T other) noexcept { return fetch_or(other) | other; }
    T operator&=(T other) noexcept { return fetch_and(other) & other; }

  private:
    T now() const noexcept { return real_.load(relaxed); }

    template <class F>
    T update(F change, std::memory_order order, Where where) noexcept {
        if (explore::detail::is_explored()) {
            explore::detail::before_change(this, where);
            T const before = now();
            T const after = change(before);
            real_.store(after, relaxed);
            explore::detail::update(this, bits(before), bits(after), static_cast<int>(order));
            return before;
        }
        T before = real_.load(relaxed);
        while (!real_.compare_exchange_weak(before, change(before), order, relaxed)) {}
        return before;
    }
    static std::uint64_t bits(T value) noexcept {
        std::uint64_t found = 0;
        std::memcpy(&found, &value, sizeof(T));
        return found;
    }
    static T from(std::uint64_t found) noexcept {
        T found_value;
        std::memcpy(&found_value, &found, sizeof(T));
        return found_value;
    }
    static constexpr std::memory_order of_failure(std::memory_order order) noexcept {
        return order == acq_rel ? acquire : order == release ? relaxed : order;
    }

    Atomic<T> real_;
};

class ExploredMutex {
    using Where = std::source_location;

  public:
    ExploredMutex() noexcept { explore::detail::begin(this); }
    ExploredMutex(const ExploredMutex&) = delete;
    ExploredMutex& operator=(const ExploredMutex&) = delete;

    void lock(Where where = Where::current()) {
        explore::detail::is_explored() ? explore::detail::lock(this, where) : real_.lock();
    }
    void unlock(Where where = Where::current()) noexcept {
        explore::detail::is_explored() ? explore::detail::unlock(this, where) : real_.unlock();
    }

  private:
    Mutex real_;
};

/// Remembers where it was made, because that is the line that a story shows for its end.
class ExploredLock {
    using Where = std::source_location;

  public:
    explicit ExploredLock(ExploredMutex& mutex, Where where = Where::current()) : mutex_(&mutex), where_(where) {
        lock(where);
    }
    ExploredLock(ExploredLock&& other) noexcept
        : mutex_(std::exchange(other.mutex_, nullptr)),
          where_(other.where_),
          owns_(std::exchange(other.owns_, false)) {}
    ~ExploredLock() {
        if (owns_) {
            mutex_->unlock(where_);
        }
    }

    void lock(Where where = Where::current()) {
        mutex_->lock(where);
        owns_ = true;
    }
    void unlock(Where where = Where::current()) {
        mutex_->unlock(where);
        owns_ = false;
    }
    bool owns_lock() const noexcept { return owns_; }
    explicit operator bool() const noexcept { return owns_; }
    ExploredMutex* mutex() const noexcept { return mutex_; }

  private:
    ExploredMutex* mutex_;
    Where where_;
    bool owns_ = false;
};

class ExploredCondvar {
    using Where = std::source_location;

  public:
    ExploredCondvar() { explore::detail::begin(this); }

    void wait(ExploredLock& lock, Where where = Where::current()) {
        if (explore::detail::is_explored()) {
            explore::detail::wait(this, lock.mutex(), false, where);
        } else {
            real_.wait(lock);
        }
    }
    template <std::predicate P>
    void wait(ExploredLock& lock, P is_true, Where where = Where::current()) {
        while (!is_true()) {
            wait(lock, where);
        }
    }
    template <class Clock, class Duration>
    CondvarStatus wait_until(ExploredLock& lock, const std::chrono::time_point<Clock, Duration>& deadline,
                             Where where = Where::current()) {
        if (!explore::detail::is_explored()) {
            return real_.wait_until(lock, deadline);
        }
        return explore::detail::wait(this, lock.mutex(), true, where) ? CondvarStatus::no_timeout
                                                                      : CondvarStatus::timeout;
    }
    template <class Clock, class Duration, std::predicate P>
    bool wait_until(ExploredLock& lock, const std::chrono::time_point<Clock, Duration>& deadline, P is_true,
                    Where where = Where::current()) {
        while (!is_true()) {
            if (wait_until(lock, deadline, where) == CondvarStatus::timeout) {
                return is_true();
            }
        }
        return true;
    }
    template <class Rep, class Period>
    CondvarStatus wait_for(ExploredLock& lock, const std::chrono::duration<Rep, Period>& duration,
                           Where where = Where::current()) {
        return wait_until(lock, std::chrono::steady_clock::now() + duration, where);
    }
    template <class Rep, class Period, std::predicate P>
    bool wait_for(ExploredLock& lock, const std::chrono::duration<Rep, Period>& duration, P is_true,
                  Where where = Where::current()) {
        return wait_until(lock, std::chrono::steady_clock::now() + duration, is_true, where);
    }
    void notify_one(Where where = Where::current()) noexcept {
        explore::detail::is_explored() ? explore::detail::notify(this, false, where) : real_.notify_one();
    }
    void notify_all(Where where = Where::current()) noexcept {
        explore::detail::is_explored() ? explore::detail::notify(this, true, where) : real_.notify_all();
    }

  private:
    std::condition_variable_any real_;
};

class ExploredThread {
  public:
    ExploredThread() noexcept = default;
    template <class F, class... Args>
        requires(!std::same_as<std::remove_cvref_t<F>, ExploredThread>)
    explicit ExploredThread(F&& f, Args&&... args) {
        if (!explore::detail::is_explored()) {
            real_ = Thread(std::forward<F>(f), std::forward<Args>(args)...);
            return;
        }
        auto kept = std::make_shared<std::tuple<std::decay_t<F>, std::decay_t<Args>...>>(std::forward<F>(f),
                                                                                         std::forward<Args>(args)...);
        explored_ = explore::detail::start([kept] {
            std::apply([](auto&& g, auto&&... rest) { std::invoke(std::move(g), std::move(rest)...); },
                       std::move(*kept));
        });
    }
    ExploredThread(ExploredThread&& other) noexcept
        : real_(std::move(other.real_)), explored_(std::exchange(other.explored_, none)) {}
    ExploredThread& operator=(ExploredThread&& other) noexcept {
        real_ = std::move(other.real_);
        explored_ = std::exchange(other.explored_, none);
        return *this;
    }

    ~ExploredThread() {
        if (explored_ != none) {
            explore::expect(false, "a thread was not joined. Join it before its locals are gone.");
        }
    }

    bool joinable() const noexcept { return explored_ != none || real_.joinable(); }
    void join(std::source_location where = std::source_location::current()) {
        if (explored_ == none) {
            return real_.join();
        }
        explore::detail::join(std::exchange(explored_, none), where);
    }

  private:
    static constexpr int none = -1;

    Thread real_;
    int explored_ = none;
};

inline void explored_yield(std::source_location where = std::source_location::current()) {
    explore::detail::is_explored() ? explore::detail::yield(where) : yield_thread();
}

}  // namespace rt

namespace explore {

template <class T>
using Atomic = rt::ExploredAtomic<T>;
using Mutex = rt::ExploredMutex;
using Lock = rt::ExploredLock;
using Condvar = rt::ExploredCondvar;
using Thread = rt::ExploredThread;

}  // namespace explore
