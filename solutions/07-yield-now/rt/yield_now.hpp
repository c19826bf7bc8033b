/// \file
/// `yield_now()`: give up the thread once, and be polled again after the others.
///
/// Source of the idea: `tokio::task::yield_now`.
#pragma once

#include <rt/future.hpp>
#include <rt/trace.hpp>

namespace rt {

/// See `yield_now`.
class [[nodiscard]] YieldNow {
  public:
    using Output = void;

    YieldNow() noexcept = default;

    Poll<void> poll(Context& cx) {
        contract_.begin("yield_now");
        if (yielded_) {
            return Ready();
        }
        yielded_ = true;
        // Woken at once, not polled at once: whoever runs us has others to poll first.
        trace::emit(trace::Kind::yield, this);
        cx.waker().wake_by_ref();
        return contract_.pending();
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool yielded_ = false;
};

/// A future that is Pending once. Awaited in the middle of long work, so that others get their turn.
inline YieldNow yield_now() noexcept { return YieldNow(); }

}  // namespace rt
