/// \file
/// `Reactor`: epoll, as a Park. The thread sleeps in the kernel until a descriptor is ready, and then wakes the tasks that
/// wait for it.
///
/// A service: made when the first descriptor must wait. From then on the runtime's innermost sleep is here.
///
///   once per descriptor   EPOLL_CTL_ADD, for reading and writing, edge-triggered; never MOD; DEL is what close does
///   at each park          epoll_wait; for each event: set the readiness word, then wake (registered first, looked then:
///                         the users' half is in io_source.hpp)
///   unpark                writes to an eventfd, but only if someone sleeps, and once for each sleep. Nobody reads it:
///                         edge-triggered, every write is news, and 2^64 of them do not come
///
/// Who may touch what: one thread at a time parks; any thread may register, close, unpark. No lock is held while a task is
/// woken.
///
/// Special cases, after Asio's and Tokio's. Kept: an event of a closed descriptor does not reach its successor; a newer event
/// is not cleared; an end of stream that came with the data is not lost; a signal (EINTR) ends a sleep early and nothing
/// else; urgent data switches the short-read rule off; a FIFO that gets a new writer; files that epoll refuses (EPERM), since they are
/// always ready and never get here; sockets that outlive their runtime. Left: fork (the child must not use the parent's
/// runtime); a descriptor that was dup'ed and closed goes on being reported, to nobody; several readers of one descriptor
/// (the latest wins).
///
/// Source of the idea: Asio's `epoll_reactor`, Tokio's I/O driver.
#pragma once

#include <rt/io_table.hpp>
#include <rt/park.hpp>
#include <rt/scheduler.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/trace.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace rt {

class Reactor final : public Park {
  public:
    /// Events taken from the kernel by one call. Fewer than a runtime polls between two looks: so what an event has touched is
    /// still in the cache when its task is polled, and the queue does not grow while others wait in the kernel.
    static constexpr std::size_t batch = 48;

    /// Called by `scheduler.service<Reactor>()`.
    explicit Reactor(Scheduler& scheduler) : Reactor() { scheduler.set_base(*this); }
    /// A reactor on its own, to be given to a runtime as its base, or used by a test.
    Reactor()
        : table_(IoTable::make()),
          epoll_(check(sys::epoll_create(), "epoll_create")),
          event_(check(sys::event_fd(), "eventfd")) {
        check(sys::epoll_add(epoll_.get(), event_.get(), EPOLLIN | EPOLLET, unpark_token), "epoll_ctl");
    }
    ~Reactor() override { table_->abandon(); }

    /// Has the kernel watch `fd`, which must be open until the Registration is gone. What is ready now will be reported too.
    /// Throws what epoll_ctl says; EPERM: a file of that kind cannot be waited for. Called from any thread.
    Registration add(int fd) {
        Registration registration(*table_);
        check(sys::epoll_add(epoll_.get(), fd, interest, registration.token()), "epoll_ctl");
        trace::emit(trace::Kind::io_register, &registration.record(), fd);
        return registration;
    }

    void park(std::optional<Instant> deadline) override {
        int timeout = milliseconds_until(deadline);
        if (timeout != 0 && state_.exchange(parked, acq_rel) == notified) {
            timeout = 0;  // that was the token
        }
        if (timeout != 0) {
            trace::emit(trace::Kind::park, this, trace::sees_kernel + (deadline ? trace::has_deadline : 0));
        }
        int count = sys::epoll_wait(epoll_.get(), events_, timeout);
        state_.exchange(driven_from_outside_ ? parked : awake, acq_rel);
        if (count == -EINTR) {
            return;  // a signal; the caller looks at the clock again
        }
        check(count, "epoll_wait");
        for (const epoll_event& event : std::span(events_).first(static_cast<std::size_t>(count))) {
            dispatch(event);
        }
    }

    void unpark() noexcept override {
        if (state_.exchange(notified, acq_rel) != parked) {
            return;  // awake, and it will see the token; or another unpark has written already
        }
        trace::emit(trace::Kind::unpark, this);
        constexpr std::uint64_t one = 1;
        while (sys::write(event_.get(), {reinterpret_cast<const char*>(&one), sizeof one}) == -EINTR) {}
    }

    /// The epoll descriptor: readable when `park` would find something. Called by a foreign event loop, which then calls
    /// `turn()`.
    int descriptor() const noexcept { return epoll_.get(); }
    /// From now on nobody sleeps here: a foreign loop sleeps elsewhere, on `descriptor()`. Each unpark makes it readable.
    void drive_from_outside() noexcept {
        driven_from_outside_ = true;
        state_.exchange(parked, acq_rel);
    }

    /// How many descriptors are registered.
    std::size_t registered() const noexcept { return table_->size(); }

  private:
    enum State : int { awake, parked, notified };

    static constexpr std::uint32_t interest = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI | EPOLLET;
    static constexpr std::uint64_t unpark_token = std::numeric_limits<std::uint64_t>::max();

    static int check(int result, const char* what) {
        if (result < 0) {
            throw sys::error(result, what);
        }
        return result;
    }

    /// Rounded up: a timer must not fire early, and a rest of a millisecond must not become a busy loop of zeros.
    static int milliseconds_until(std::optional<Instant> deadline) noexcept {
        if (!deadline) {
            return -1;
        }
        if (*deadline == no_wait) {
            return 0;
        }
        auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - sys::now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
    }

    void dispatch(const epoll_event& event) noexcept {
        std::uint64_t token = event.data.u64;
        if (token == unpark_token) {
            return;
        }
        IoRecord& record = table_->at(static_cast<std::uint32_t>(token));
        Readiness::Flags flags = Readiness::flags_of(event.events);
        ReadinessWord::News news = record.readiness.set(static_cast<std::uint32_t>(token >> 32), flags);
        trace::emit(trace::Kind::io_ready, &record, static_cast<std::int64_t>(flags));
        if (news.read) {
            record.reader.wake();
        }
        if (news.write) {
            record.writer.wake();
        }
    }

    IoTable::Pointer table_;
    sys::Fd epoll_;
    sys::Fd event_;
    Atomic<int> state_{awake};
    bool driven_from_outside_ = false;
    std::array<epoll_event, batch> events_{};  // of whoever parks
};

}  // namespace rt
