/// \file
/// Given: `Wake<T>`, the base of an object that its wakers keep alive. You write `T::wake()`.
///
/// Source: Rust's `std::task::Wake`.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

namespace rt {

/// Thread safety: any thread may copy, wake, and destroy the wakers, so `T::wake()` must be thread-safe.
template <class T>
class Wake {
  public:
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    /// The first waker of a new object. The object exists as long as this waker or a copy of it. Called once.
    Waker first_waker() noexcept { return Waker(static_cast<T*>(this), &vtable); }

    /// How many wakers there are. If it says that one has gone, what its thread did before is visible.
    int references() const noexcept { return references_.load(acquire); }

  protected:
    Wake() = default;
    ~Wake() = default;

  private:
    static T& from(void* data) noexcept { return *static_cast<T*>(data); }
    static const WakerVTable vtable;

    void release() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete static_cast<T*>(this);
        }
    }

    Atomic<int> references_{1};
};

template <class T>
inline constexpr WakerVTable Wake<T>::vtable{
    [](void* data) noexcept { from(data).references_.fetch_add(1, relaxed); },
    [](void* data) noexcept {
        from(data).wake();
        from(data).release();
    },
    [](void* data) noexcept { from(data).wake(); },
    [](void* data) noexcept { from(data).release(); },
};

}  // namespace rt
