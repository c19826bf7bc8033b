/// \file
/// Given: the waker of the future that `CurrentThread::block_on` runs. That future is not a task.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/wake.hpp>

namespace rt {

/// A flag that wakers set. Copies of the waker may outlive the runtime, so the flag knows when the runtime has gone.
class MainWaker : public Wake<MainWaker> {
  public:
    /// A wake unparks `park`. Called on the runtime's thread.
    explicit MainWaker(Park& park) noexcept : park_(&park) {}

    bool is_woken() const noexcept { return woken_.load(relaxed); }
    /// True if there was a wake since the last call.
    bool take_wake() noexcept { return is_woken() && woken_.exchange(false, acquire); }

    /// Sets the flag. Unparks the runtime, unless this is its own thread, which looks at the flag before it sleeps.
    void wake() noexcept {
        if (woken_.exchange(true, acq_rel) || this_thread_id() == owner_) {
            return;
        }
        Lock lock(mutex_);
        if (park_ != nullptr) {
            park_->unpark();
        }
    }

    /// From now on a wake does nothing. Called by the runtime's destructor.
    void runtime_has_gone() noexcept {
        Lock lock(mutex_);
        park_ = nullptr;
    }

  private:
    Atomic<bool> woken_{false};
    ThreadId owner_ = this_thread_id();
    Mutex mutex_;
    Park* park_;  // under mutex_
};

}  // namespace rt
