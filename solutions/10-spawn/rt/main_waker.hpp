/// \file
/// Given: the waker of the future that `CurrentThread::block_on` runs. That future is not a task.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/violation.hpp>
#include <rt/waker.hpp>

namespace rt {

/// A flag that wakers set. Copies of the waker may outlive the runtime, so they keep the flag alive, and the flag knows
/// when the runtime has gone.
class MainWaker {
  public:
    /// A wake unparks `park`. Called on the runtime's thread.
    explicit MainWaker(Park& park) noexcept : park_(&park) {}

    /// The first waker, which keeps the flag alive until the waker is destroyed. Called once.
    Waker first_waker() noexcept { return Waker(this, &vtable); }

    bool is_woken() const noexcept { return woken_.load(relaxed); }
    /// True if there was a wake since the last call.
    bool take_wake() noexcept { return is_woken() && woken_.exchange(false, acquire); }

    /// Ends the program if nothing can ever wake the future: nobody has a copy of the waker, and the flag is not set.
    /// Called after a poll that was Pending.
    void expect_a_wake() const noexcept {
        // Reads the count before the flag, because a thread sets the flag before it gives its waker up.
        if (references_.load(acquire) == 1 && !is_woken()) {
            violation(
                "block_on's future returned Pending but kept no waker, so nothing can ever wake it. Store a copy of "
                "cx.waker() before you return Pending.");
        }
    }

    /// From now on a wake does nothing. Called by the runtime's destructor.
    void runtime_has_gone() noexcept {
        Lock lock(mutex_);
        park_ = nullptr;
    }

  private:
    static MainWaker& from(void* data) noexcept { return *static_cast<MainWaker*>(data); }
    static const WakerVTable vtable;

    ~MainWaker() = default;

    /// Sets the flag. Unparks the runtime, except on the runtime's thread, which looks at the flag before it sleeps.
    void wake() noexcept {
        if (woken_.exchange(true, acq_rel) || this_thread_id() == owner_) {
            return;
        }
        Lock lock(mutex_);
        if (park_ != nullptr) {
            park_->unpark();
        }
    }

    void release() noexcept {
        if (references_.fetch_sub(1, acq_rel) == 1) {
            delete this;
        }
    }

    Atomic<int> references_{1};
    Atomic<bool> woken_{false};
    ThreadId owner_ = this_thread_id();
    Mutex mutex_;
    Park* park_;  // under mutex_
};

inline constexpr WakerVTable MainWaker::vtable{
    [](void* data) noexcept { from(data).references_.fetch_add(1, relaxed); },
    [](void* data) noexcept {
        from(data).wake();
        from(data).release();
    },
    [](void* data) noexcept { from(data).wake(); },
    [](void* data) noexcept { from(data).release(); },
};

}  // namespace rt
