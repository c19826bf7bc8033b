/// \file
/// `timeout(duration, future)`: the result of the future, or an exception if the future takes too long.
///
/// It is a select of the future and a Sleep, so a future that takes too long is destroyed.
///
/// Source: `tokio::time::timeout`.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/park.hpp>
#include <rt/select.hpp>
#include <rt/sleep.hpp>
#include <rt/todo.hpp>

#include <chrono>
#include <exception>
#include <utility>
#include <variant>

namespace rt {

/// What `timeout` throws when the time is up.
class Elapsed : public std::exception {
  public:
    const char* what() const noexcept override {
        return "the time is up: the deadline came before the future was done";
    }
};

/// See `timeout`.
template <Future F>
class [[nodiscard]] Timeout {
  public:
    using Output = OutputOf<F>;

    Timeout(Instant deadline, F future) : racers_(std::move(future), Sleep(deadline)) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("timeout");
        // TODO(15.2) Let the future and the Sleep race. Yield the value of the future if it wins. Throw Elapsed if the
        // Sleep wins.
        todo("15.2 wait for the future or for the time", cx, racers_);
    }

  private:
    [[no_unique_address]] Contract contract_;
    Select<true, F, Sleep> racers_;  // biased: a future that is Ready is not late, whatever the clock says
};

/// Waits for `future`, but only until `duration` has passed since this call. Yields its value or throws its
/// exception. If the time is up first, destroys the future and throws Elapsed. If the future is ready and the time is
/// up, the future wins.
template <class Rep, class Period, class F>
auto timeout(std::chrono::duration<Rep, Period> duration, F future) {
    static_assert(Future<F>,
                  "timeout(duration, future): the second argument is not a future. Pass an object with `Output` and "
                  "`Poll<Output> poll(Context&)`.");
    return Timeout<F>(time::later(time::now(), duration), std::move(future));
}

/// Like `timeout`, but waits until the moment `deadline`.
template <Future F>
Timeout<F> timeout_at(Instant deadline, F future) {
    return Timeout<F>(deadline, std::move(future));
}

}  // namespace rt
