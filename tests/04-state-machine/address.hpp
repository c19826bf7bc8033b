/// \file
/// A future that notices when it has been moved.
#pragma once

#include <rt/future.hpp>

#include <cstdio>

namespace support {

/// Remembers its address at its first poll. It has no Contract, and it is Ready at its second poll, with its address if it
/// is still there.
class Address {
  public:
    using Output = const void*;

    rt::Poll<const void*> poll(rt::Context& cx) {
        if (first_seen_ == nullptr) {
            first_seen_ = this;
            cx.waker().wake_by_ref();
            return rt::Pending;
        }
        if (first_seen_ != this) {
            std::fputs("this future was polled at one address, and now it is at another\n", stderr);
            return rt::Ready(static_cast<const void*>(nullptr));
        }
        return rt::Ready(static_cast<const void*>(this));
    }

  private:
    const Address* first_seen_ = nullptr;
};

}  // namespace support
