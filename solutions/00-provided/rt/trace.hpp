/// \file
/// Given: the events that the runtime announces while it works. The lines that call `emit` are written for you. In your
/// programs you use `trace::name`.
///
/// The headers of the course call `emit`, and listeners receive the events: the log of a test, the task record behind
/// `rt::dump()`, and the trace file. Without a listener, an event costs one relaxed load and a branch.
///
/// Thread safety: any thread may call anything here. A listener is called on the thread where the event happens.
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

#include <cstddef>
#include <cstdint>

namespace rt::trace {

/// What happened. `Event::subject` is the task, timer, or descriptor that it happened to. The comment behind each
/// kind says what `Event::value` and `Event::text` mean.
enum class Kind : std::uint8_t {
    spawn,         ///< a task was made; value: the line that spawned it, text: its file, 0 if unknown
    poll_begin,    ///< a task's poll begins
    poll_end,      ///< a task's poll ended; value: 1 Ready, 0 Pending, -1 exception
    wake,          ///< a task was woken; value: 1 if the wake puts it in a queue, 0 if it was in one
    abort,         ///< `abort` was called on a task
    drop,          ///< a task's future was destroyed before it was Ready
    park,          ///< a thread goes to sleep; subject: its Park; value: the sum of `has_deadline`, `sees_kernel`
    unpark,        ///< a sleeping thread is being woken; subject: its Park
    timer_set,     ///< a timer was registered
    timer_fire,    ///< a timer's deadline has passed
    io_register,   ///< a descriptor was registered with the reactor; value: the descriptor
    io_ready,      ///< the kernel reports a descriptor ready; value: 1 to read, 2 to write, 4 or 8 closed
    steal,         ///< a worker took tasks from another; value: how many
    blocking_run,  ///< a blocking job begins on a thread of the pool
    queue,         ///< a task was put into a run queue; announced by `note`
    waker_clone,   ///< a task's waker was copied; announced by `note`
    waker_drop,    ///< a task's waker was destroyed or used up by `wake`; announced by `note`
    part_begin,    ///< the poll of a future that is no task begins; text: "block_on", "join"
    part_end,      ///< that poll ended; value: as for poll_end
    yield,         ///< a future yields: it has woken its task and returns Pending
    name,          ///< the task that this thread polls has a name; text: the name
    thread,        ///< this thread has a role; text: "worker"; value: its number
    clock,         ///< the clock of a runtime was paused, value: 1, or a paused one is gone, value: -1
};

/// What `Kind::park` says about the sleep. Without either flag, only another thread can end it.
inline constexpr std::int64_t has_deadline = 1;
inline constexpr std::int64_t sees_kernel = 2;

/// One event. It is valid until the listener returns. Only the `text` of `spawn` and `thread` is valid forever.
struct Event {
    Kind kind;
    const void* subject;
    std::int64_t value;
    const char* text;
};

/// Receives events. It must not call the runtime.
using Listener = void (*)(const Event&) noexcept;

namespace detail {

inline constexpr std::size_t max_listeners = 4;
inline Atomic<Listener> listeners[max_listeners]{};
inline Atomic<int> listening{0};  // how many listeners there are

/// Kept out of line, so that the code that announces an event stays short.
[[gnu::noinline, gnu::cold]] inline void announce(Kind kind, const void* subject, std::int64_t value,
                                                  const char* text) noexcept {
    for (Atomic<Listener>& each : listeners) {
        if (Listener listener = each.load(acquire)) {
            listener(Event{kind, subject, value, text});
        }
    }
}

}  // namespace detail

/// Adds a listener, which receives all events from now on. Called by tests and by the observers.
inline void listen(Listener listener) noexcept {
    for (Atomic<Listener>& each : detail::listeners) {
        Listener nobody = nullptr;
        if (each.compare_exchange_strong(nobody, listener, acq_rel, relaxed)) {
            detail::listening.fetch_add(1, release);
            return;
        }
    }
    violation("trace::listen: there are too many listeners. Increase trace::detail::max_listeners.");
}

/// Removes a listener. Another thread may still be running it when this returns.
inline void stop_listening(Listener listener) noexcept {
    for (Atomic<Listener>& each : detail::listeners) {
        Listener expected = listener;
        if (each.compare_exchange_strong(expected, nullptr, acq_rel, relaxed)) {
            detail::listening.fetch_sub(1, release);
            return;
        }
    }
}

/// Announces an event. Called by the runtime's headers.
inline void emit(Kind kind, const void* subject, std::int64_t value = 0, const char* text = nullptr) noexcept {
    if (detail::listening.load(relaxed) != 0) [[unlikely]] {
        detail::announce(kind, subject, value, text);
    }
}

/// Announces an event that is needed only in a report about tasks. Does nothing in a release build.
inline void note(Kind kind, const void* subject) noexcept {
    if constexpr (checks_enabled) {
        emit(kind, subject);
    }
}

/// Names the task or future that this thread polls, for traces and `rt::dump()`. Called by programs, during a poll.
inline void name(const char* text) noexcept { emit(Kind::name, nullptr, 0, text); }

/// Announces the poll of a future that is no task. Construct it before the poll, and call `ended` after it.
class PartPoll {
  public:
    PartPoll(const void* part, const char* what) noexcept : part_(part) { emit(Kind::part_begin, part, 0, what); }
    PartPoll(const PartPoll&) = delete;
    PartPoll& operator=(const PartPoll&) = delete;
    /// If `ended` was not called, an exception ended the poll.
    ~PartPoll() { emit(Kind::part_end, part_, result_); }

    /// Records how the poll ended.
    void ended(bool is_ready) noexcept { result_ = is_ready; }

  private:
    const void* part_;
    std::int64_t result_ = -1;
};

}  // namespace rt::trace
