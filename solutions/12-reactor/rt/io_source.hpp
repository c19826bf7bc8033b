/// \file
/// `IoSource`: a descriptor that tasks can wait for. Sockets (13), pipes and signals (20) are made of it.
///
/// The users' half of the reactor, in one function. The order is everything:
///
///   1. If the readiness word allows it, try. Mostly that is all: no event was needed.
///   2. Refused: register with epoll if that has not been done (it reports what happened between the refusal and now), and
///      clear what we had seen; not what has come since.
///   3. Not allowed: leave the waker, *then* look at the word again. The reactor sets the word, then looks for a waker.
///      Whichever way the two interleave, one sees the other. Look first and leave the waker afterwards, and an event in
///      between wakes nobody, ever.
///
/// Short reads: a read that filled less than its buffer has emptied the kernel's; the next would be refused. We clear at once,
/// and save one system call in three.
///
/// Threads: one task may read while another writes, on different threads, if `prepare` was called before they part.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/io_table.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>

#include <cerrno>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace rt {

class IoSource {
  public:
    /// None.
    IoSource() noexcept = default;
    /// Takes over `fd`, which must be non-blocking. Costs nothing until a task has to wait for it.
    explicit IoSource(sys::Fd fd) noexcept : fd_(std::move(fd)) {}

    int fd() const noexcept { return fd_.get(); }
    explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
    /// True once a task had to wait.
    bool is_registered() const noexcept { return static_cast<bool>(registration_); }

    /// Passed as `full` by operations that are not reads and writes of a stream of bytes: their results say nothing about
    /// what is left.
    static constexpr std::size_t never_short = 0;

    /// Calls `op(fd)`, which answers like the kernel: a count, or -errno. Yields the count; waits while the answer is
    /// -EAGAIN; throws `std::system_error` with `what` for another. A count below `full`, but above 0, means that the
    /// kernel has no more for now. Spends budget. Called by leaves, from within their poll.
    template <class Op>
    Poll<std::size_t> poll_io(Context& cx, Direction direction, std::size_t full, const char* what, Op op) {
        static_assert(std::is_invocable_r_v<std::ptrdiff_t, Op&, int>,
                      "poll_io: op takes the descriptor, and answers like the kernel: a count, or -errno");
        if (!budget::has_some(cx)) {
            return Pending;
        }
        for (;;) {
            Readiness seen = registration_ ? readiness().load() : Readiness::untried();
            if (seen.allows(direction)) {
                std::ptrdiff_t result = op(fd_.get());
                if (result >= 0) {
                    auto count = static_cast<std::size_t>(result);
                    if (0 < count && count < full && registration_) {
                        readiness().clear_short(direction, seen);
                    }
                    budget::spend();
                    return Ready(count);
                }
                if (result == -EINTR) {
                    continue;
                }
                if (result != -EAGAIN) {
                    throw sys::error(result, what);
                }
                if (!registration_) {
                    prepare();
                    // What was assumed until now. The kernel may have reported more since: that is not to be cleared.
                    seen = Readiness::untried(readiness().load().generation());
                }
                readiness().clear_refused(direction, seen);
            }
            waiter(direction).register_waker(cx.waker());
            if (!readiness().load().allows(direction)) {
                return Pending;
            }
        }
    }

    /// Registers with the current runtime now, if that has not been done. Called before two tasks begin to use this one from
    /// two threads.
    void prepare() {
        if (!registration_) {
            register_with(current("waiting for a descriptor").service<Reactor>());
        }
    }
    /// Registers with `reactor`, as the first refusal would have done. Called once, by tests and by `prepare`.
    void register_with(Reactor& reactor) { registration_ = reactor.add(fd_.get()); }

  private:
    ReadinessWord& readiness() const noexcept { return registration_.record().readiness; }

    WakerSlot& waiter(Direction direction) const noexcept {
        if constexpr (checks_enabled) {
            if (registration_.record().table.is_abandoned()) {
                violation(
                    "waiting for a descriptor whose runtime has gone: use it on the runtime that it first waited on");
            }
        }
        return registration_.record().waiter(direction);
    }

    sys::Fd fd_;
    Registration registration_;  // goes before fd_
};

}  // namespace rt
