/// \file
/// Events: what the runtime announces while it works. Given, not taught.
///
/// The headers of the course call `emit` at the moments named in `Kind`. Nobody listens by default: then an event costs
/// one relaxed load and a branch that is never taken (nothing at all with -DRT_TRACE=0). A listener is one function,
/// set with `listen`; it is called on the thread where the event happens, and must neither throw nor call the runtime.
#pragma once

#include <rt/sync.hpp>

#include <cstdint>

#ifndef RT_TRACE
#define RT_TRACE 1
#endif

namespace rt::trace {

/// What happened. `Event::subject` is the task, timer or descriptor it happened to; the meaning of `Event::value` stands
/// behind each kind.
enum class Kind : std::uint8_t {
    spawn,         ///< a task was made; value: the spawning line, if known
    poll_begin,    ///< a task's poll begins
    poll_end,      ///< a task's poll ended; value: 1 Ready, 0 Pending, -1 ended by an exception
    wake,          ///< a task was woken; value: 1 if that put it in a queue, 0 if it was there already
    abort,         ///< a task was asked to end
    drop,          ///< a task's future was destroyed before it was Ready
    park,          ///< a thread goes to sleep; subject: its Park; value: 1 if it has a deadline
    unpark,        ///< a sleeping thread is being woken; subject: its Park
    timer_set,     ///< a timer was registered
    timer_fire,    ///< a timer's deadline has passed
    io_register,   ///< a descriptor was handed to the reactor; value: the descriptor
    io_ready,      ///< the kernel reports a descriptor ready; value: the readiness bits
    steal,         ///< a worker took tasks from another; value: how many
    blocking_run,  ///< a blocking job begins on a thread of the pool
};

/// One event, valid during the call that announces it.
struct Event {
    Kind kind;
    const void* subject;
    std::int64_t value;
};

using Listener = void (*)(const Event&) noexcept;

namespace detail {
inline Atomic<Listener> listener{nullptr};
}

/// Sets who hears of events from now on (nullptr: nobody). Called by tests and by trace writers, at the start.
inline void listen(Listener listener) noexcept { detail::listener.store(listener, release); }

/// Announces an event. Called by the runtime's headers only.
inline void emit([[maybe_unused]] Kind kind, [[maybe_unused]] const void* subject,
                 [[maybe_unused]] std::int64_t value = 0) noexcept {
#if RT_TRACE
    if (Listener listener = detail::listener.load(acquire); listener != nullptr) [[unlikely]] {
        listener(Event{kind, subject, value});
    }
#endif
}

}  // namespace rt::trace
