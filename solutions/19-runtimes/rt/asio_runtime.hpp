/// \file
/// `AsioRuntime`: the same tasks, driven by a foreign event loop. Included only where Asio is installed.
///
/// Asio's io_context owns the thread; it knows nothing of polls and wakers. Our runtime asks three things of such a host,
/// and any event loop can do them:
///
///   1. When the runtime is unparked, call `turn` soon. Here: post it.
///   2. When the reactor's epoll descriptor is readable, call `turn`. An epoll descriptor can itself be watched.
///   3. At the time of the next timer, call `turn`.
///
/// So the seam is the Park and nothing else: `HostPark` never sleeps, it tells the host.
///
/// Source of the idea: Asio's `posix::descriptor`; embedding as in GLib's and libuv's foreign main loops.
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

class AsioRuntime {
  public:
    AsioRuntime() : timer_(io_), park_(*this), runtime_(park_) {}
    AsioRuntime(const AsioRuntime&) = delete;
    AsioRuntime& operator=(const AsioRuntime&) = delete;
    ~AsioRuntime() {
        if (epoll_) {
            epoll_->release();  // the reactor closes it
        }
    }

    /// Where other Asio code of the same program may live: it shares the thread with our tasks.
    asio::io_context& io_context() noexcept { return io_; }

    /// Runs `future`, and the tasks it spawns, until `future` is done. Called on the thread that made the runtime.
    template <Future F>
    OutputOf<F> block_on(F future) {
        JoinHandle<OutputOf<F>> main = runtime_.spawn(std::move(future));
        io_.restart();
        auto work = asio::make_work_guard(io_);
        post_turn();
        while (!main.is_finished()) {
            io_.run_one();
        }
        return main.take_result();
    }

  private:
    /// Sleeps only at the very end, when the runtime waits for wakes that are on their way; else the host does.
    class HostPark final : public Park {
      public:
        explicit HostPark(AsioRuntime& host) noexcept : host_(host) {}

        void park(std::optional<Instant> deadline) override { sleep_.park(deadline); }
        void unpark() noexcept override {
            sleep_.unpark();
            host_.post_turn();
        }

      private:
        AsioRuntime& host_;
        ThreadPark sleep_;
    };

    /// Any thread. At most one turn is posted at a time.
    void post_turn() {
        if (!posted_.exchange(true, acq_rel)) {
            asio::post(io_, [this] {
                posted_.store(false, release);
                turn();
            });
        }
    }

    void turn() {
        if (runtime_.turn()) {
            post_turn();
            return;
        }
        watch_timers();
        watch_reactor();
    }

    void watch_timers() {
        auto* timers = runtime_.find_service<Timers>();
        std::optional<Instant> next = timers == nullptr ? std::nullopt : timers->next_deadline();
        if (!next || next == armed_for_) {
            return;
        }
        armed_for_ = next;
        timer_.expires_at(*next);  // cancels the wait before
        timer_.async_wait([this](asio::error_code error) {
            if (!error) {
                armed_for_.reset();
                post_turn();
            }
        });
    }

    void watch_reactor() {
        auto* reactor = runtime_.find_service<Reactor>();
        if (reactor == nullptr || watching_) {
            return;
        }
        if (!epoll_) {
            reactor->drive_from_outside();
            epoll_.emplace(io_, reactor->descriptor());
        }
        watching_ = true;
        epoll_->async_wait(asio::posix::stream_descriptor::wait_read, [this](asio::error_code) {
            watching_ = false;
            post_turn();
        });
    }

    asio::io_context io_{1};
    asio::steady_timer timer_;
    std::optional<Instant> armed_for_;
    std::optional<asio::posix::stream_descriptor> epoll_;
    bool watching_ = false;
    Atomic<bool> posted_{false};
    HostPark park_;
    CurrentThread runtime_;
};

}  // namespace rt
