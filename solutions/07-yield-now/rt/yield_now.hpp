/// \file
/// `yield_now()`: give up the thread once, so that other futures are polled first.
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

    Poll<void> poll(Context& cx) {
        contract_.begin("yield_now");
        if (!yielded_) {
            trace::emit(trace::Kind::yield, this);
        }
        if (yielded_) {
            return Ready();
        }
        yielded_ = true;
        cx.waker().wake_by_ref();  // polled again, but after the others
        return contract_.pending();
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool yielded_ = false;
};

/// A future that is Pending once. Await it in the middle of long work.
inline YieldNow yield_now() noexcept { return YieldNow(); }

}  // namespace rt
