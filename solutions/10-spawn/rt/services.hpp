/// \file
/// Given: `Services`, what a runtime has one of, by type: a timer heap, a reactor, a pool.
///
/// Source: Asio's `use_service`.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace rt {

/// Thread safety: any thread may find or make a service. Finding takes no lock.
class Services {
  public:
    Services() = default;
    Services(const Services&) = delete;
    Services& operator=(const Services&) = delete;

    /// The service of type `T`, or null.
    template <class T>
    T* find() const noexcept {
        return static_cast<T*>(services_[index<T>()].load(acquire));
    }

    /// The service of type `T`. If there is none yet, it is what `make()` returns, and belongs to this object.
    template <class T, class Make>
    T& find_or_make(Make make) {
        if (T* found = find<T>()) {
            return *found;
        }
        RecursiveLock lock(mutex_);  // recursive, because the constructor of a service may ask for another service
        if (T* found = find<T>()) {
            return *found;
        }
        T* made = make();
        destructors_.push_back([this, made] {
            services_[index<T>()].store(nullptr, release);
            delete made;
        });
        services_[index<T>()].store(made, release);
        return *made;
    }

    /// Calls `f`, unless `destroy_all` has begun. `destroy_all` waits until `f` returns.
    template <class F>
    void unless_closed(F f) {
        RecursiveLock lock(mutex_);
        if (!closed_) {
            f();
        }
    }

    /// Destroys the services, the youngest first, because a service uses those that its constructor asked for.
    void destroy_all() noexcept {
        {
            RecursiveLock lock(mutex_);
            closed_ = true;
        }
        while (!destructors_.empty()) {
            std::function<void()> destroy = std::move(destructors_.back());
            destructors_.pop_back();
            destroy();
        }
    }

  private:
    static constexpr std::size_t max_services = 16;  // types of services in a program

    template <class T>
    static std::size_t index() noexcept {
        static const std::size_t index = next_index_.fetch_add(1, relaxed);
        if (index >= max_services) {
            violation("the program names more types of services than a runtime has room for. Raise max_services.");
        }
        return index;
    }

    static inline Atomic<std::size_t> next_index_{0};
    std::array<Atomic<void*>, max_services> services_{};
    RecursiveMutex mutex_;
    std::vector<std::function<void()>> destructors_;  // under mutex_
    bool closed_ = false;                             // under mutex_
};

}  // namespace rt
