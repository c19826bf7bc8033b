/// \file
/// `Hosted<Host>`: a runtime for our tasks inside a foreign event loop, the host.
///
/// The host owns the thread and calls functions. It knows nothing of polls and wakers. It offers what every event loop has:
///
///   host.post(function)                calls `function` once, soon, on the host's thread. Called from any thread.
///   Host::Timer t(host, function)      `t.set(moment)` lets the host call `function` then. Replaces the moment set before.
///   Host::Watch w(host, fd, function)  calls `function` again and again while `fd` is readable.
///   host.run_once()                    sleeps until a function is to be called, and calls it. False: somebody stopped the host.
///
/// The host has to do one thing: call `turn` soon after the runtime was unparked, when the epoll descriptor of the reactor
/// is readable, and at the deadline of the next timer. So this class is the Park of its tasks, and `unpark` wakes the host.
///
/// Thread safety: any thread may call `unpark`. Everything else belongs to the thread that made the runtime.
///
/// Source: Asio's `posix::stream_descriptor`, and how GLib and libuv are embedded in other event loops.
#pragma once

#include <rt/current_thread.hpp>
#include <rt/future.hpp>
#include <rt/park.hpp>
#include <rt/reactor.hpp>
#include <rt/sync.hpp>
#include <rt/task.hpp>
#include <rt/timers.hpp>
#include <rt/todo.hpp>

#include <optional>
#include <utility>

namespace rt {

template <class Host>
class Hosted final : private Park {
  public:
    Hosted() : timer_(host_, [this] { turn(); }), runtime_(*this) {}
    ~Hosted() override {
        watch_.reset();  // because the reactor closes its descriptor
    }

    /// The event loop. Other code can let it call functions, which then share the thread with our tasks.
    Host& host() noexcept { return host_; }

    /// Runs `future`, and the tasks that it spawns, until `future` is done. Returns its output, or throws what it threw. If
    /// other code stops the host, `future` is destroyed, and `Cancelled` is thrown.
    template <Future F>
    OutputOf<F> block_on(F future) {
        JoinHandle<OutputOf<F>> main = runtime_.spawn(std::move(future));  // unparks the runtime
        while (!main.is_finished()) {
            if (!host_.run_once()) {
                main.abort();
                runtime_.turn();
            }
        }
        return main.take_result();
    }

  private:
    /// Called by `runtime_.turn`, which never sleeps, and when the runtime is destroyed, which waits for wakes that are
    /// under way.
    void park(std::optional<Instant> deadline) override { sleep_.park(deadline); }

    /// A task is ready. The host may be asleep, or busy with functions of its own.
    void unpark() noexcept override {
        sleep_.unpark();
        post_turn();
    }

    /// Asks the host to call `turn` soon. If a turn is posted already, that turn sees what the caller has made ready.
    void post_turn() {
        // TODO(19.2) Let the host call `turn` soon, unless a turn is posted already. `posted_` says whether one is. Any thread
        // may be here, at the same moment as the host's.
        todo("19.2 post a turn to the host", posted_);
    }

    /// Called by the host: polls ready tasks, and sees to it that the host calls again when there is more to do.
    void turn() {
        // TODO(19.2) Let the runtime take one turn. `runtime_.turn()` is true if more tasks are ready after it.
        todo("19.2 take a turn");
        // The host must also call when a timer is due, or when the kernel reports an event.
        watch_timers();
        watch_reactor();
    }

    void watch_timers() {
        if (auto* timers = runtime_.find_service<Timers>()) {
            // TODO(19.3) Let the host's timer call at the deadline of the first timer, if there is one.
            todo("19.3 set the host's timer", timers);
        }
    }

    void watch_reactor() {
        if (auto* reactor = runtime_.find_service<Reactor>()) {
            // TODO(19.3) Once, tell the reactor that the host sleeps in its place, and let the host call `turn` when the
            // reactor's descriptor is readable.
            todo("19.3 watch the reactor's descriptor", reactor);
        }
    }

    Host host_;  // destroyed last, because a turn may still be posted
    Atomic<bool> posted_{false};
    ThreadPark sleep_;
    typename Host::Timer timer_;
    std::optional<typename Host::Watch> watch_;
    CurrentThread runtime_;
};

}  // namespace rt
