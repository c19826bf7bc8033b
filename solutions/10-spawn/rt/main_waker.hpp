/// \file
/// The waker of the future that a runtime's `block_on` runs: that future is no task, it lies on the caller's stack.
///
/// Copies of it may outlive the runtime, so it is counted, and knows when the runtime has gone.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/waker.hpp>

#include <memory>

namespace rt {

class MainWaker {
    struct Drop {
        void operator()(MainWaker* waker) const noexcept { waker->drop(); }
    };

  public:
    /// The runtime's own reference.
    using Pointer = std::unique_ptr<MainWaker, Drop>;

    /// Called by the runtime when it is made; a wake unparks `park`.
    static Pointer make(Park& park) { return Pointer(new MainWaker(park)); }

    /// A waker for the time of a `block_on`.
    Waker waker() noexcept {
        retain();
        return Waker(this, &vtable);
    }

    bool is_woken() const noexcept { return woken_.load(relaxed); }
    /// True if there was a wake since the last call.
    bool take_wake() noexcept { return is_woken() && woken_.exchange(false, acquire); }
    /// True if copies of the waker of `block_on` exist. Called by checks, during a `block_on`.
    bool is_kept() const noexcept { return references_.load(acquire) != 2; }
    /// A wake by the runtime itself, which is awake.
    void wake_on_own_thread() noexcept { woken_.store(true, relaxed); }

    /// From now on a wake does nothing. Called by the runtime's destructor.
    void runtime_has_gone() noexcept {
        Lock lock(mutex_);
        park_ = nullptr;
    }

  private:
    explicit MainWaker(Park& park) noexcept : owner_(this_thread_id()), park_(&park) {}
    ~MainWaker() = default;

    static MainWaker& from(void* data) noexcept { return *static_cast<MainWaker*>(data); }
    static const WakerVTable vtable;

    void retain() noexcept { references_.fetch_add(1, relaxed); }
    void drop() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete this;
        }
    }
    void wake() noexcept {
        if (woken_.exchange(true, acq_rel) || this_thread_id() == owner_) {
            return;  // the owner looks at `woken_` before it sleeps
        }
        Lock lock(mutex_);
        if (park_ != nullptr) {
            park_->unpark();
        }
    }

    Atomic<int> references_{1};
    Atomic<bool> woken_{false};
    ThreadId owner_;
    Mutex mutex_;
    Park* park_;  // under mutex_
};

inline constexpr WakerVTable MainWaker::vtable{
    [](void* data) noexcept { from(data).retain(); },
    [](void* data) noexcept {
        from(data).wake();
        from(data).drop();
    },
    [](void* data) noexcept { from(data).wake(); },
    [](void* data) noexcept { from(data).drop(); },
};

}  // namespace rt
