/// \file
/// `SeenMutex`: a mutex that ends the program when a thread locks it twice, and calls a function of the test before each
/// lock and after each unlock. A test header puts it in place of `Mutex` with a macro before it includes the header under
/// test, as driven_condvar.hpp does for `Condvar`.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

namespace support {

/// If a thread locks it twice, the program ends with the sentence `Rule::deadlock`. Each unlock calls
/// `Rule::unlocked()`. Each lock first calls `Rule::before_lock()` if the rule has it.
template <class Rule>
class SeenMutex {
  public:
    void lock() {
        if constexpr (requires { Rule::before_lock(); }) {
            Rule::before_lock();
        }
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
