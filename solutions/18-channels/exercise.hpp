/// \file
/// The exercise of lesson 18, solved: `Mutex`, a lock for tasks. Its permit is the right to hold it.
#pragma once

#include <rt/async.hpp>
#include <rt/notify.hpp>

#include <memory>

namespace exercise {

class Mutex {
    struct Unlock {
        void operator()(Mutex* mutex) const noexcept { mutex->free_.notify_one(); }
    };

  public:
    /// Holds the mutex until it is destroyed.
    using Guard = std::unique_ptr<Mutex, Unlock>;

    Mutex() noexcept { free_.notify_one(); }

    /// Waits until no other task holds the mutex.
    rt::Async<Guard> lock() {
        co_await free_.notified();
        co_return Guard(this);
    }

  private:
    rt::Notify free_;
};

}  // namespace exercise
