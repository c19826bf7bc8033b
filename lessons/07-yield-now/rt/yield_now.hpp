/// \file
/// `yield_now()`: gives other futures a turn. The future that awaits it goes on after them.
///
/// Source: `tokio::task::yield_now`.
#pragma once

#include <rt/future.hpp>
#include <rt/todo.hpp>
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
        // TODO(07.1) Be Pending once, so that the other futures are polled first. Be Ready in the second poll.
        todo("07.1 yield once", cx);
    }

  private:
    [[no_unique_address]] Contract contract_;
    bool yielded_ = false;
};

/// A future that is Pending once, and then Ready. Await it in the middle of a long computation.
inline YieldNow yield_now() noexcept { return YieldNow(); }

}  // namespace rt
