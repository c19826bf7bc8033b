/// \file
/// `Reactor`: epoll as a Park. The thread sleeps in the kernel until a descriptor is ready, then wakes the tasks that
/// wait for it. It is a service: once a task has had to wait for a descriptor, the runtime sleeps here.
///
///   once per descriptor   EPOLL_CTL_ADD, for reading and writing, edge-triggered. Never MOD. `close` does the DEL.
///   at each park          epoll_wait, then for each event: set the readiness word, then wake. io_source.hpp has the users' half.
///   unpark                writes to an eventfd, but only if a thread sleeps, and once for each sleep. The eventfd is never
///                         read, because edge-triggered epoll reports each write.
///
/// Invariants: a signal (EINTR) ends a sleep early, but no park returns without a look. No lock is held while a task is woken.
/// A full batch may leave events behind. The kernel reports each descriptor once, in the order in which they became ready. So
/// after as many events as there are descriptors, all that was ready at first was reported. Until then `has_more` is true.
///
/// Thread safety: one thread at a time parks. Any thread may add, close, and unpark. After `fork` the child must not use
/// the parent's runtime.
///
/// Source: Asio's `epoll_reactor` and Tokio's I/O driver.
#pragma once

#include <rt/io_table.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/todo.hpp>
#include <rt/trace.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>

namespace rt {

class Reactor final : public Park {
  public:
    /// The most events of one look. Fewer than the polls between two looks, so that the queue does not grow.
    static constexpr std::size_t batch = 48;

    /// Called by `scheduler.service<Reactor>()`.
    explicit Reactor(Scheduler& scheduler) : Reactor() { scheduler.set_base(*this); }
    /// A reactor on its own, for a test or for a runtime that takes it as its base.
    Reactor()
        : epoll_(sys::check(sys::epoll_create(), "epoll_create")), event_(sys::check(sys::event_fd(), "eventfd")) {
        sys::check(sys::epoll_add(epoll_.get(), event_.get(), EPOLLIN | EPOLLET, nullptr), "epoll_ctl");
    }
    ~Reactor() override { table_->abandon(); }

    /// Has the kernel watch `fd`, which must stay open until the Registration is gone. If `fd` is ready now, that is
    /// reported too. Throws what epoll_ctl reports. EPERM: no task can wait for a file of this kind.
    Registration add(int fd) {
        Registration registration(table_);
        // TODO(12.2) Have epoll watch `fd` for all events that `Readiness::flags_of` knows, edge-triggered. Each event
        // must lead back to the record. Give an error the name "epoll_ctl".
        todo("12.2 have epoll watch the descriptor", fd, registration);
        trace::emit(trace::Kind::io_register, &registration.record(), fd);
        return registration;
    }

    void park(std::optional<Instant> deadline) override {
        int timeout = milliseconds_until(deadline);
        // TODO(12.2) Unless the timeout is 0, note in `state_` that this thread sleeps. If the token was there, don't wait.
        todo("12.2 say that this thread sleeps, or take the token", timeout, state_);
        if (timeout != 0) {
            trace::emit(trace::Kind::park, this, trace::sees_kernel + (deadline ? trace::has_deadline : 0));
        }
        const std::size_t count = look(timeout);
        count_left(count);
        for (const epoll_event& event : std::span(events_).first(count)) {
            if (event.data.ptr != nullptr) {  // not the eventfd
                dispatch(*static_cast<IoRecord*>(event.data.ptr), Readiness::flags_of(event.events));
            }
        }
    }

    void unpark() noexcept override {
        // TODO(12.2) Leave the token. If the thread sleeps, end its sleep.
        todo("12.2 leave the token, and end the sleep", state_);
    }

    bool has_more() const noexcept override { return left_ != 0; }

    // Given: for lesson 19.
    /// The epoll descriptor, which is readable when `park` would find an event. Called by a foreign event loop.
    int descriptor() const noexcept { return epoll_.get(); }
    // Given: for lesson 19.
    /// From now on a foreign loop sleeps on `descriptor()`, so each unpark makes it readable.
    void drive_from_outside() noexcept {
        driven_from_outside_ = true;
        state_.exchange(parked, acq_rel);
    }

  private:
    enum State : int {
        awake,     // no token, and the thread does not sleep
        parked,    // no token, and the thread sleeps or is about to
        notified,  // the token is there
    };

    /// Asks the kernel for events, and waits for at most `timeout` milliseconds, or without a limit if `timeout` is
    /// negative. Afterwards this thread is awake. Returns how many events are in `events_`.
    std::size_t look(int timeout) {
        // TODO(12.2) Ask epoll. A signal (-EINTR) ends the sleep, but not the look. Throw any other error as "epoll_wait".
        todo("12.2 ask epoll for events", timeout);
    }

    /// Tells the users of a descriptor what the kernel has reported.
    static void dispatch(IoRecord& record, Readiness::Flags flags) noexcept {
        trace::emit(trace::Kind::io_ready, &record, static_cast<std::int64_t>(flags));
        // TODO(12.2) Add the event to the record's word, and wake the tasks for which it is news.
        todo("12.2 tell the users of the descriptor", record, flags);
    }

    // Given: notes that this thread is awake, and takes the token. Under a foreign loop the thread sleeps elsewhere, so
    // each unpark has to write to the eventfd.
    void end_sleep() noexcept { state_.exchange(driven_from_outside_ ? parked : awake, acq_rel); }

    // Given: ends the sleep in epoll_wait.
    void write_event() noexcept {
        trace::emit(trace::Kind::unpark, this);
        constexpr std::uint64_t one = 1;
        while (sys::write(event_.get(), {reinterpret_cast<const char*>(&one), sizeof one}) == -EINTR) {}
    }

    // Given: the timeout for epoll_wait, rounded up. A timer must not fire early, and the last part of a millisecond must not
    // become a busy loop.
    static int milliseconds_until(std::optional<Instant> deadline) noexcept {
        if (!deadline) {
            return -1;
        }
        Instant const now = *deadline == no_wait ? no_wait : sys::now();
        if (*deadline <= now) {
            return 0;  // a difference to a moment of long ago would overflow
        }
        auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now).count();
        return static_cast<int>(std::min<decltype(left)>(left, std::numeric_limits<int>::max()));
    }

    // Given: updates `left_` for `has_more`, after a look that found `count` events.
    void count_left(std::size_t count) noexcept {
        std::size_t const more = count < batch ? 0 : left_ == 0 ? table_->size() + 1 : left_;
        left_ = more - std::min(more, count);
    }

    std::shared_ptr<IoTable> table_ = std::make_shared<IoTable>();
    sys::Fd epoll_;
    sys::Fd event_;
    Atomic<int> state_{awake};
    bool driven_from_outside_ = false;
    std::size_t left_ = 0;                     // events that the kernel may still have, since the first full batch
    std::array<epoll_event, batch> events_{};  // of the thread that parks
};

}  // namespace rt
