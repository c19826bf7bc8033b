/// \file
/// `SeenMutex`: a mutex that tells a thread that locks it twice, and a test when it is unlocked. A test header puts it in place
/// of `Mutex` with a macro before it includes the header under test, as driven_condvar.hpp does for `Condvar`.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

namespace support {

/// `Rule::deadlock` is the sentence for a thread that locks it twice. `Rule::unlocked()` is called after each unlock.
template <class Rule>
class SeenMutex {
  public:
    void lock() {
        if (holder_.load(rt::relaxed) == rt::this_thread_id()) {
            rt::violation(Rule::deadlock);
        }
        mutex_.lock();
        holder_.store(rt::this_thread_id(), rt::relaxed);
    }
    bool try_lock() {
        bool const is_mine = mutex_.try_lock();
        if (is_mine) {
            holder_.store(rt::this_thread_id(), rt::relaxed);
        }
        return is_mine;
    }
    void unlock() {
        holder_.store(rt::ThreadId(), rt::relaxed);
        mutex_.unlock();
        Rule::unlocked();
    }

  private:
    rt::Mutex mutex_;
    rt::Atomic<rt::ThreadId> holder_{rt::ThreadId()};
};

}  // namespace support
