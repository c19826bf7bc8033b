/// \file
/// `IoSource`: a descriptor that tasks can wait for. Pipes, sockets, and signals are built on it.
///
/// `poll_io` is the half of the reactor that a descriptor's users call. It tries the operation first, because mostly
/// the operation succeeds at once. A descriptor is registered when the kernel refuses for the first time.
///
/// Invariants: no event is lost. The reactor sets the readiness word first, and then looks for a waker. `poll_io`
/// leaves a waker first, and then looks at the word. So the reactor finds the waker, or `poll_io` sees the event.
///
/// A read of a TCP socket or a pipe that returns fewer bytes than asked for has emptied the kernel's buffer. So `poll_io`
/// clears the readiness at once, which saves a system call. Other descriptors may end a read at a line or a message while
/// more bytes wait. For them, `poll_io` clears the readiness only when the kernel refuses.
///
/// Thread safety: one task may read while another one writes on another thread, if `prepare` was called before.
#pragma once

#include <rt/budget.hpp>
#include <rt/future.hpp>
#include <rt/io_table.hpp>
#include <rt/print.hpp>
#include <rt/reactor.hpp>
#include <rt/scheduler.hpp>
#include <rt/sys.hpp>
#include <rt/violation.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rt {

class IoSource {
  public:
    /// Has no descriptor.
    IoSource() noexcept = default;
    /// Owns `fd`, which must be non-blocking. `is_plain`: `fd` is a TCP socket or a pipe (without O_DIRECT).
    explicit IoSource(sys::Fd fd, bool is_plain = false) noexcept : fd_(std::move(fd)), is_plain_(is_plain) {}

    int fd() const noexcept { return fd_.get(); }

    /// The value of `full` for an operation whose result does not say what the kernel has left: accept, for example.
    static constexpr std::size_t never_short = 0;

    /// Calls `op(fd)`, which answers like the kernel: a count, or -errno. Yields the count. Waits while the answer is
    /// -EAGAIN, and throws any other error as `std::system_error` with `what`. If the descriptor is plain, a count above 0 and
    /// below `full` says that the kernel has no more for now.
    template <class Op>
    Poll<std::size_t> poll_io(Context& cx, Direction direction, std::size_t full, const char* what, Op op) {
        static_assert(std::is_invocable_r_v<std::ptrdiff_t, Op&, int>,
                      "poll_io can't call op(fd). Let op take an int and return a count or -errno.");
        if (!shares_[static_cast<std::size_t>(direction)].poll_proceed(cx)) {
            return Pending;
        }
        for (;;) {
            Readiness seen = registration_ ? readiness().load() : Readiness();
            if (seen.allows(direction)) {
                if (std::optional<std::size_t> count = attempt(op, what)) {
                    if (is_plain_ && registration_ && 0 < *count && *count < full) {
                        readiness().clear_short(direction, seen);
                    }
                    return Ready(*count);
                }
                if (!try_prepare(cx)) {
                    return Pending;
                }
                readiness().clear_refused(direction, seen);  // fits a new record, too: it begins with what was assumed
            }
            waiter(direction).register_waker(cx.waker());
            if (!readiness().load().allows(direction)) {
                return Pending;
            }
        }
    }

    // Given: a debug build finds two tasks that wait for the same thing. Called by everything that users await.
    /// Returns `future`, which calls `poll_io` in this direction, with this check around each poll.
    template <Future F>
    auto alone([[maybe_unused]] Direction direction, F future) {
#if RT_CHECKS
        auto poll = [&place = waiting_[static_cast<std::size_t>(direction)], self = std::shared_ptr<void*>(),
                     future = std::move(future)](Context& cx) mutable {
            self.reset();
            auto result = future.poll(cx);
            if (result.is_pending()) {
                if (auto other = place.lock(); other && *other != cx.waker().data()) {
                    violation(
                        "two tasks wait to read, or two to write, on one descriptor, so the first would never be woken. Let "
                        "one task wait, and pass on what it gets.");
                }
                place = self = std::make_shared<void*>(cx.waker().data());
            }
            return result;
        };
        return poll_fn(std::move(poll));
#else
        return future;
#endif
    }

    /// Registers with the current runtime, unless that was done. Called before two threads share this object.
    void prepare() {
        if (!registration_) {
            register_with(current("IoSource").service<Reactor>());
        }
    }
    /// Registers with `reactor`. Called once.
    void register_with(Reactor& reactor) { registration_ = reactor.add(fd_.get()); }

  private:
    // Given: the count that `op` answers, or nothing if the kernel refused (-EAGAIN). Throws any other error.
    template <class Op>
    std::optional<std::size_t> attempt(Op& op, const char* what) {
        if (checks_enabled && fd_.get() < 0) {
            violation("it has no descriptor, because it was moved from or never opened. Use another object.", what);
        }
        if (checks_enabled && sys::is_blocking(fd_.get())) {
            violation("its descriptor is in blocking mode, which would block the whole thread. Set O_NONBLOCK first.",
                      what);
        }
        std::ptrdiff_t result = op(fd_.get());
        while (result == -EINTR) {
            result = op(fd_.get());
        }
        if (result == -EAGAIN) {
            return std::nullopt;
        }
        budget::spend();
        if (result < 0) {
            throw sys::error(result, what);
        }
        return static_cast<std::size_t>(result);
    }

    // Given: calls `prepare`. If the system has no watch or memory left, returns false and wakes the task to ask again.
    bool try_prepare(Context& cx) {
        try {
            prepare();
            return true;
        } catch (const std::system_error& error) {
            if (error.code().value() != ENOSPC && error.code().value() != ENOMEM) {
                throw;
            }
            eprintln_once(
                "rt: {}. Tasks that wait for a descriptor use the processor until there is room. Keep fewer "
                "connections, or raise fs.epoll.max_user_watches.",
                error.what());
        }
        cx.waker().wake_by_ref();
        return false;
    }

    // Given: what the reactor and the tasks share. Called only if this is registered.
    ReadinessWord& readiness() const noexcept { return record().readiness; }

    // Given: where the task that waits in this direction leaves its waker. Called only if this is registered.
    WakerSlot& waiter(Direction direction) const noexcept {
        IoRecord& shared = record();
        if (checks_enabled && registration_.is_abandoned()) {
            violation(
                "this descriptor's runtime was destroyed. Use the descriptor only on the runtime that it first waited "
                "on.");
        }
        return shared.waiter(direction);
    }

    // Given: the record, for `readiness` and `waiter`.
    IoRecord& record() const noexcept {
        if (checks_enabled && !registration_) {
            violation(
                "poll_io: it used the record of a descriptor that is not registered. Look at registration_, or call "
                "try_prepare first.");
        }
        return registration_.record();
    }

    sys::Fd fd_;
    std::array<budget::Share, 2> shares_;  // one for each direction
    bool is_plain_ = false;
    Registration registration_;
#if RT_CHECKS
    std::array<std::weak_ptr<void*>, 2> waiting_;  // the task that waits in each direction, while its future exists
#endif
};

}  // namespace rt
