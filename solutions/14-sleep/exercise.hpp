/// \file
/// The exercise of lesson 14, solved: a limit on idleness that sets no timer when the client says something.
#pragma once

#include <rt/async.hpp>
#include <rt/clock.hpp>
#include <rt/park.hpp>
#include <rt/sleep.hpp>

namespace exercise {

class IdleLimit {
  public:
    explicit IdleLimit(rt::Instant::duration limit) : limit_(limit) { touch(); }

    /// The client has said something. Its time counts from now on.
    void touch() noexcept { end_ = rt::time::later(rt::time::now(), limit_); }

    /// A future that is Ready when the client has said nothing for too long. The IdleLimit must outlive it.
    rt::Async<> passed() {
        rt::Instant end;
        do {
            end = end_;
            co_await rt::sleep_until(end);
        } while (end != end_);  // the client has said something meanwhile
    }

  private:
    rt::Instant::duration limit_;
    rt::Instant end_;
};

}  // namespace exercise
