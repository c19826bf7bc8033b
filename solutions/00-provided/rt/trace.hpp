/// \file
/// Given: the events that the runtime announces while it works. The lines that call `emit` are written for you.
///
/// The headers of the course call `emit` at the moments named in `Kind`. Nobody listens by default: then an event costs
/// one relaxed load and a branch that is never taken (nothing at all with -DRT_TRACE=0). A listener is one function,
/// set with `listen`; it is called on the thread where the event happens, and must neither throw nor call the runtime.
///
/// Who listens: a test's log, the record of tasks that `rt::dump()` prints (record.hpp), the trace file (trace_file.hpp).
#pragma once

#include <rt/sync.hpp>
#include <rt/violation.hpp>

#include <cstddef>
#include <cstdint>

#ifndef RT_TRACE
#define RT_TRACE 1
#endif

namespace rt::trace {

/// What happened. `Event::subject` is the task, timer or descriptor it happened to; the meaning of `Event::value` and
/// `Event::text` stands behind each kind.
enum class Kind : std::uint8_t {
    spawn,         ///< a task was made; value: the spawning line, text: its file; 0 if nobody knows
    poll_begin,    ///< a task's poll begins
    poll_end,      ///< a task's poll ended; value: 1 Ready, 0 Pending, -1 ended by an exception
    wake,          ///< a task was woken; value: 1 if that is to put it in a queue, 0 if it was there already
    abort,         ///< a task was asked to end
    drop,          ///< a task's future was destroyed before it was Ready
    park,          ///< a thread goes to sleep; subject: its Park; value: the sum of `has_deadline`, `sees_kernel`
    unpark,        ///< a sleeping thread is being woken; subject: its Park
    timer_set,     ///< a timer was registered
    timer_fire,    ///< a timer's deadline has passed
    io_register,   ///< a descriptor was handed to the reactor; value: the descriptor
    io_ready,      ///< the kernel reports a descriptor ready; value: 1 to read, 2 to write, 4 and 8 ended
    steal,         ///< a worker took tasks from another; value: how many
    blocking_run,  ///< a blocking job begins on a thread of the pool
    queue,         ///< a task was put into a run queue; only noted
    waker_clone,   ///< a task's waker was copied; only noted
    waker_drop,    ///< a task's waker has gone: destroyed, or used up by `wake`; only noted
    part_begin,    ///< a poll begins of what is no task: text: "block_on", "join"
    part_end,      ///< it ended; value: as for poll_end
    yield,         ///< a future gives up its turn, and has asked to be polled again
    name,          ///< what this thread polls now has a name; text: that
    thread,        ///< this thread says what it is; text: "worker"; value: which of them
};

/// What `Kind::park` says of the sleep. A sleep with neither can only be ended by another thread.
inline constexpr std::int64_t has_deadline = 1;
inline constexpr std::int64_t sees_kernel = 2;

/// One event, valid during the call that announces it; a `text` of `spawn` and `thread` is valid for ever.
struct Event {
    Kind kind;
    const void* subject;
    std::int64_t value;
    const char* text;
};

using Listener = void (*)(const Event&) noexcept;

namespace detail {

inline constexpr std::size_t max_listeners = 4;
inline Atomic<Listener> listeners[max_listeners]{};
inline Atomic<int> listening{0};  // how many there are

/// Not inline, so that the place of an event holds a call that is never made, and no more.
[[gnu::noinline, gnu::cold]] inline void announce(Kind kind, const void* subject, std::int64_t value,
                                                  const char* text) noexcept {
    for (Atomic<Listener>& each : listeners) {
        if (Listener listener = each.load(acquire)) {
            listener(Event{kind, subject, value, text});
        }
    }
}

}  // namespace detail

/// `listener` hears of all events from now on, besides those who do already. Called by tests and by trace writers.
inline void listen(Listener listener) noexcept {
    for (Atomic<Listener>& each : detail::listeners) {
        Listener nobody = nullptr;
        if (each.compare_exchange_strong(nobody, listener, acq_rel, relaxed)) {
            detail::listening.fetch_add(1, release);
            return;
        }
    }
    violation("more listen to events than there is room for: raise trace::detail::max_listeners");
}

/// `listener` hears no more; a call of it may still be under way on another thread.
inline void stop_listening(Listener listener) noexcept {
    for (Atomic<Listener>& each : detail::listeners) {
        Listener expected = listener;
        if (each.compare_exchange_strong(expected, nullptr, acq_rel, relaxed)) {
            detail::listening.fetch_sub(1, release);
            return;
        }
    }
}

/// Announces an event. Called by the runtime's headers, and by `name`.
inline void emit([[maybe_unused]] Kind kind, [[maybe_unused]] const void* subject,
                 [[maybe_unused]] std::int64_t value = 0, [[maybe_unused]] const char* text = nullptr) noexcept {
#if RT_TRACE
    if (detail::listening.load(relaxed) != 0) [[unlikely]] {
        detail::announce(kind, subject, value, text);
    }
#endif
}

/// Announces what only a report on tasks needs, which is most exact where broken rules are looked for: elsewhere it is
/// nothing at all. Called by the runtime's headers only.
inline void note([[maybe_unused]] Kind kind, [[maybe_unused]] const void* subject) noexcept {
    if constexpr (checks_enabled) {
        emit(kind, subject);
    }
}

/// Gives what this thread polls now a name, for traces and `rt::dump()`. Called by a program, inside of a poll.
inline void name(const char* text) noexcept { emit(Kind::name, nullptr, 0, text); }

/// Announces the poll of a future that is no task: made before it, told how it ended, and gone after it.
class PartPoll {
  public:
    PartPoll(const void* part, const char* what) noexcept : part_(part) { emit(Kind::part_begin, part, 0, what); }
    PartPoll(const PartPoll&) = delete;
    PartPoll& operator=(const PartPoll&) = delete;
    /// Left by an exception, if `ended` was not called.
    ~PartPoll() { emit(Kind::part_end, part_, result_); }

    /// Says how the poll ended.
    void ended(bool is_ready) noexcept { result_ = is_ready; }

  private:
    const void* part_;
    std::int64_t result_ = -1;
};

}  // namespace rt::trace
