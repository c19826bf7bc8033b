/// \file
/// A future that notices when it has been moved.
#pragma once

#include <rt/future.hpp>

namespace support {

/// Remembers where it lay when it was polled.
class Address {
  public:
    using Output = const void*;

    rt::Poll<const void*> poll(rt::Context& cx) {
        if (first_seen_ == nullptr) {
            first_seen_ = this;
            cx.waker().wake_by_ref();
            return rt::Pending;
        }
        return rt::Ready(static_cast<const void*>(first_seen_ == this ? this : nullptr));
    }

  private:
    const Address* first_seen_ = nullptr;
};

}  // namespace support
