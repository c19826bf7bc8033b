/// \file
/// Given: `BorrowedWaker`, the waker of one poll. It takes no reference to the task, because the Runnable has one meanwhile.
///
/// A plain Waker would do, too. This one saves two atomic operations in each poll.
#pragma once

#include <rt/waker.hpp>

namespace rt {

class BorrowedWaker {
  public:
    BorrowedWaker(void* data, const WakerVTable* vtable) noexcept : waker_(data, vtable) {}
    BorrowedWaker(const BorrowedWaker&) = delete;
    BorrowedWaker& operator=(const BorrowedWaker&) = delete;
    ~BorrowedWaker() {}  // doesn't destroy `waker_`, which would give a reference back that was never taken

    const Waker& get() const noexcept { return waker_; }

  private:
    union {  // so that the destructor of the Waker isn't called
        Waker waker_;
    };
};

}  // namespace rt
