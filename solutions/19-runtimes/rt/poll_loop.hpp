/// \file
/// Given: `PollLoop`, an event loop of the old kind. It calls functions, and has never heard of futures. It stands for the
/// loop of a user interface or a game. You use the three things that every such loop offers: `post`, `Timer`, and `Watch`.
///
/// Each round sleeps in poll(2) until there is a function to call, and then calls each function whose time has come, once.
/// What these functions post waits for the next round.
///
/// Thread safety: any thread may call `post` and `stop`. Everything else belongs to the thread of the loop.
///
/// Source: libuv's `uv_async_t`, `uv_timer_t`, and `uv_poll_t`, and GLib's `GMainContext`.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_poll.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

namespace rt {

class PollLoop {
  public:
    /// What the loop calls. It must not throw.
    using Function = std::function<void()>;

    /// A function that is called at a moment. Nothing is called once the Timer has been destroyed.
    class Timer {
      public:
        Timer(PollLoop& loop, Function function) : loop_(loop), function_(std::move(function)) {
            loop_.timers_.push_back(this);
        }
        Timer(const Timer&) = delete;
        Timer& operator=(const Timer&) = delete;
        ~Timer() { std::erase(loop_.timers_, this); }

        /// Calls the function once, when `moment` has come. Replaces the moment that was set before.
        void set(Instant moment) noexcept { moment_ = moment; }

      private:
        friend PollLoop;
        PollLoop& loop_;
        Function function_;
        Instant moment_ = Instant::max();  // none
    };

    /// A function that is called in each round in which `fd` is readable. Nothing is called once the Watch has been
    /// destroyed. Close the descriptor after that.
    class Watch {
      public:
        Watch(PollLoop& loop, int fd, Function function) : loop_(loop), fd_(fd), function_(std::move(function)) {
            loop_.watches_.push_back(this);
        }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() { std::erase(loop_.watches_, this); }

      private:
        friend PollLoop;
        PollLoop& loop_;
        int fd_;
        Function function_;
    };

    PollLoop() : event_(sys::check(sys::event_fd(), "eventfd")) {}
    PollLoop(const PollLoop&) = delete;
    PollLoop& operator=(const PollLoop&) = delete;

    /// Calls `function` once, in the next round. Called from any thread.
    void post(Function function) {
        {
            Lock lock(mutex_);
            posted_.push_back(std::move(function));
        }
        wake();
    }

    /// Lets the current round return false, or the next one if there is none. Called from any thread.
    void stop() noexcept {
        stopped_.store(true, release);
        wake();
    }

    /// Calls functions until `stop`.
    void run() {
        while (run_once()) {}
    }

    /// Plays one round. Returns false if the loop has been stopped. After that it can go on.
    bool run_once() {
        std::vector<pollfd> entries{{event_.get(), POLLIN, 0}};
        std::vector<Watch*> const watches = watches_;
        for (const Watch* watch : watches) {
            entries.push_back({watch->fd_, POLLIN, 0});
        }
        int const answer = sys::poll(entries, milliseconds_until_first_timer());
        sys::check(answer == -EINTR ? 0 : answer, "poll");
        if (answer < 0) {
            return true;  // a signal came, and `entries` say nothing
        }
        call_posted(entries[0].revents != 0);
        call_timers();
        for (std::size_t i = 0; i < watches.size(); ++i) {
            if (entries[i + 1].revents != 0 && contains(watches_, watches[i])) {
                call(watches[i]->function_);
            }
        }
        return !stopped_.exchange(false, acquire);
    }

  private:
    /// A function may destroy the object that holds it, so this calls a copy.
    static void call(Function function) { function(); }

    /// A function that was called before may have destroyed the object.
    template <class T>
    static bool contains(const std::vector<T*>& objects, const T* object) {
        return std::ranges::find(objects, object) != objects.end();
    }

    void call_posted(bool has_event) {
        if (!has_event) {
            return;
        }
        std::uint64_t count = 0;
        sys::read(event_.get(), {reinterpret_cast<char*>(&count), sizeof count});  // before the look at `posted_`
        std::vector<Function> posted;
        {
            Lock lock(mutex_);
            posted.swap(posted_);
        }
        for (const Function& function : posted) {
            function();
        }
    }

    void call_timers() {
        Instant const now = sys::now();
        std::vector<Timer*> timers = timers_;
        std::ranges::sort(timers, {}, &Timer::moment_);
        for (Timer* timer : timers) {
            if (contains(timers_, timer) && timer->moment_ <= now) {
                timer->moment_ = Instant::max();
                call(timer->function_);
            }
        }
    }

    /// The timeout for poll, rounded up, so that no timer is early.
    int milliseconds_until_first_timer() const noexcept {
        Instant first = Instant::max();
        for (const Timer* timer : timers_) {
            first = std::min(first, timer->moment_);
        }
        Instant const now = sys::now();
        if (first == Instant::max() || first <= now) {
            return first <= now ? 0 : -1;
        }
        auto left = std::chrono::ceil<std::chrono::milliseconds>(first - now).count();
        return static_cast<int>(std::min<decltype(left)>(left, std::numeric_limits<int>::max()));
    }

    void wake() noexcept {
        std::uint64_t const one = 1;
        sys::write(event_.get(), {reinterpret_cast<const char*>(&one), sizeof one});
    }

    sys::Fd event_;  // readable if something was posted, or if the loop is to stop
    std::vector<Timer*> timers_;
    std::vector<Watch*> watches_;
    Atomic<bool> stopped_{false};
    Mutex mutex_;
    std::vector<Function> posted_;  // under mutex_
};

}  // namespace rt
