/// \file
/// Given: `Wake<T>`, the base of an object that its wakers keep alive. You write `T::wake()`.
///
/// Source: Rust's `std::task::Wake`.
#pragma once

#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <memory>
#include <utility>

namespace rt {

/// Thread safety: any thread may copy, wake, and destroy the wakers, so `T::wake()` must be thread-safe.
template <class T>
class Wake {
    struct Release {
        void operator()(Wake* owned) const noexcept { owned->release(); }
    };

  public:
    /// A reference to the object that is not a waker.
    using Pointer = std::unique_ptr<T, Release>;

    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;

    /// A new object, and the first reference to it.
    template <class... Args>
    static Pointer make(Args&&... args) {
        return Pointer(new T(std::forward<Args>(args)...));
    }

    /// A waker of a new object, which has no other reference.
    template <class... Args>
    static Waker make_waker(Args&&... args) {
        return Waker(new T(std::forward<Args>(args)...), &vtable);
    }

    /// A waker that calls `T::wake()`.
    Waker waker() noexcept {
        retain();
        return Waker(static_cast<T*>(this), &vtable);
    }

    /// How many wakers and Pointers there are. If it says that one has gone, what its thread did before is visible.
    int references() const noexcept { return references_.load(acquire); }

  protected:
    Wake() = default;
    ~Wake() = default;

  private:
    static T& from(void* data) noexcept { return *static_cast<T*>(data); }
    static const WakerVTable vtable;

    void retain() noexcept { references_.fetch_add(1, relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete static_cast<T*>(this);
        }
    }

    Atomic<int> references_{1};
};

template <class T>
inline constexpr WakerVTable Wake<T>::vtable{
    [](void* data) noexcept { from(data).retain(); },
    [](void* data) noexcept {
        from(data).wake();
        from(data).release();
    },
    [](void* data) noexcept { from(data).wake(); },
    [](void* data) noexcept { from(data).release(); },
};

}  // namespace rt
