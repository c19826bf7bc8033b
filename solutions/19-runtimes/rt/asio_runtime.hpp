/// \file
/// `AsioRuntime`: a runtime for our tasks inside a foreign event loop, Asio's io_context. Included only where Asio is
/// installed.
///
/// Asio owns the thread and knows nothing of polls and wakers. It has to do one thing, which any event loop can do: call
/// `turn` soon after the runtime was unparked, when the reactor's epoll descriptor is readable, and at the deadline of the
/// next timer. So this class is the Park of its tasks, and its `unpark` wakes Asio instead of a thread.
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
#include <rt/time.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <optional>
#include <utility>

namespace rt {

class AsioRuntime final : private Park {
  public:
    AsioRuntime() : timer_(io_), runtime_(*this) {}
    ~AsioRuntime() override {
        if (epoll_) {
            epoll_->release();  // because the reactor closes it
        }
    }

    /// The event loop. Other Asio code of the program can use it and then shares the thread with our tasks.
    asio::io_context& io_context() noexcept { return io_; }

    /// Runs `future`, and the tasks that it spawns, until `future` is done. Returns its output, or throws what it threw. If
    /// other code stops the io_context, `future` is destroyed, and `Cancelled` is thrown.
    template <Future F>
    OutputOf<F> block_on(F future) {
        JoinHandle<OutputOf<F>> main = runtime_.spawn(std::move(future));
        io_.restart();
        auto work = asio::make_work_guard(io_);
        post_turn();
        while (!main.is_finished()) {
            if (io_.run_one() == 0) {
                main.abort();  // because a stopped loop never runs anything again
                runtime_.turn();
            }
        }
        return main.take_result();
    }

  private:
    /// Sleeps only while the runtime is destroyed and waits for wakes that are under way.
    void park(std::optional<Instant> deadline) override { sleep_.park(deadline); }
    void unpark() noexcept override {
        sleep_.unpark();
        post_turn();
    }

    /// Lets Asio call `turn` soon, once. Each exchange reads what the other one wrote, so a thread that finds a turn posted
    /// can rely on that turn to see what it did before.
    void post_turn() {
        if (!posted_.exchange(true, acq_rel)) {
            asio::post(io_, [this] {
                posted_.exchange(false, acq_rel);
                turn();
            });
        }
    }

    /// Polls the tasks that are ready. If more became ready meanwhile, Asio's own handlers have their turn first.
    void turn() {
        if (runtime_.turn()) {
            post_turn();
        } else {
            watch_timers();
            watch_reactor();
        }
    }

    void watch_timers() {
        auto* timers = runtime_.find_service<Timers>();
        if (std::optional<Instant> next = timers == nullptr ? std::nullopt : timers->next_deadline()) {
            timer_.expires_at(*next);  // cancels the wait before
            timer_.async_wait([this](asio::error_code error) {
                if (!error) {
                    turn();
                }
            });
        }
    }

    void watch_reactor() {
        auto* reactor = runtime_.find_service<Reactor>();
        if (reactor != nullptr && !epoll_) {
            reactor->drive_from_outside();
            epoll_.emplace(io_, reactor->descriptor());
            wait_for_events();
        }
    }

    void wait_for_events() {
        epoll_->async_wait(asio::posix::stream_descriptor::wait_read, [this](asio::error_code) {
            turn();
            wait_for_events();
        });
    }

    asio::io_context io_{1};
    asio::steady_timer timer_;
    std::optional<asio::posix::stream_descriptor> epoll_;
    Atomic<bool> posted_{false};
    ThreadPark sleep_;
    CurrentThread runtime_;
};

}  // namespace rt
