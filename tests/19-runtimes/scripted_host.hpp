/// \file
/// `ScriptedHost`: an event loop that a test plays by hand. It counts what the runtime asks for, never sleeps for long, and
/// says so when a real loop would sleep forever.
#pragma once

#include <doctest/doctest.h>
#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_poll.hpp>
#include <support/story.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include <poll.h>

namespace support {

class ScriptedHost {
  public:
    using Function = std::function<void()>;

    class Timer {
      public:
        Timer(ScriptedHost& host, Function function) : host_(host) { host_.timer_function_ = std::move(function); }
        Timer(const Timer&) = delete;
        Timer& operator=(const Timer&) = delete;
        ~Timer() { host_.timer_function_ = nullptr; }
        void set(rt::Instant when) { host_.moment = when; }

      private:
        ScriptedHost& host_;
    };

    class Watch {
      public:
        Watch(ScriptedHost& host, int fd, Function function) : host_(host) {
            ++host_.watches;
            host_.watched_ = fd;
            host_.watch_function_ = std::move(function);
        }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() { host_.watched_ = -1; }

      private:
        ScriptedHost& host_;
    };

    /// Called from any thread.
    void post(Function function) {
        rt::Lock lock(mutex_);
        ++posts_;
        posted_.push_back(std::move(function));
    }

    /// Calls one function: one that was posted, or that of the Watch. If there is none, plays the next act of `acts`. If
    /// there is none of those, waits for the timer.
    bool run_once() {
        if (Function function = next_posted()) {
            ++calls_in_a_row_;
            REQUIRE_MESSAGE(
                calls_in_a_row_ < 1'000,
                "the host called a thousand functions in a row, but no task was ready. The host could never "
                "sleep. Post the next turn only if `runtime_.turn()` is true.");
            function();
        } else if (is_readable()) {
            ++calls_in_a_row_;
            REQUIRE_MESSAGE(calls_in_a_row_ < 1'000,
                            "the host called the Watch a thousand times in a row, but no task was polled. Let it call "
                            "`turn`, and let `turn` poll even if no turn was posted.");
            call(watch_function_);
        } else if (!acts.empty()) {
            calls_in_a_row_ = 0;
            Function act = std::move(acts.front());
            acts.pop_front();
            act();
        } else {
            bool const has_timer = moment != rt::Instant::max();
            REQUIRE_MESSAGE(has_timer,
                            "the host has nothing to call, so it would sleep forever, but the future isn't done. Which "
                            "of `post`, the Timer, and the Watch should have brought the next turn?");
            bool const is_soon = moment < rt::sys::now() + std::chrono::minutes(1);
            REQUIRE_MESSAGE(is_soon,
                            "the host would sleep until the timer of another task, which is due in an hour. Set the "
                            "host's timer after each turn, because the turn may have set an earlier one.");
            calls_in_a_row_ = 0;
            nap_.park(moment);
            if (rt::sys::now() >= moment) {
                moment = rt::Instant::max();
                call(timer_function_);
            }
        }
        return !std::exchange(is_stopped, false);
    }

    /// What happens when the host has nothing to call, one act after the other.
    std::deque<Function> acts;

    /// When the timer is due, or Instant::max().
    rt::Instant moment = rt::Instant::max();
    /// Lets the current round return false.
    bool is_stopped = false;
    /// How many Watches were made.
    int watches = 0;
    /// How many functions were posted.
    int posts() const noexcept {
        rt::Lock lock(mutex_);
        return posts_;
    }

  private:
    /// A copy, because a function may destroy the object that holds it.
    static void call(Function function) { function(); }

    Function next_posted() {
        rt::Lock lock(mutex_);
        if (posted_.empty()) {
            return nullptr;
        }
        Function function = std::move(posted_.front());
        posted_.pop_front();
        return function;
    }

    bool is_readable() const noexcept {
        pollfd entry{watched_, POLLIN, 0};
        return watched_ >= 0 && rt::sys::poll({&entry, 1}, 0) == 1;
    }

    Function timer_function_;
    Function watch_function_;
    int watched_ = -1;
    int calls_in_a_row_ = 0;
    rt::ThreadPark nap_;
    mutable rt::Mutex mutex_;
    int posts_ = 0;                // under mutex_
    std::deque<Function> posted_;  // under mutex_
};

}  // namespace support
