/// \file
/// The exercise of lesson 19, solved: a game, which calls one function per frame, as the host of a runtime.
#pragma once

#include <rt/park.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace exercise {

class GameLoop {
  public:
    using Function = std::function<void()>;

    class Timer {
      public:
        Timer(GameLoop& game, Function function) : game_(game), function_(std::move(function)) {
            game_.timers_.push_back(this);
        }
        Timer(const Timer&) = delete;
        Timer& operator=(const Timer&) = delete;
        ~Timer() { std::erase(game_.timers_, this); }

        void set(rt::Instant moment) noexcept { moment_ = moment; }

      private:
        friend GameLoop;
        GameLoop& game_;
        Function function_;
        rt::Instant moment_ = rt::Instant::max();
    };

    /// Doesn't look at the descriptor. A call too many is harmless, and there are only sixty a second.
    class Watch {
      public:
        Watch(GameLoop& game, int, Function function) : game_(game), function_(std::move(function)) {
            game_.watches_.push_back(this);
        }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;
        ~Watch() { std::erase(game_.watches_, this); }

      private:
        friend GameLoop;
        GameLoop& game_;
        Function function_;
    };

    void post(Function function) {
        rt::Lock lock(mutex_);
        posted_.push_back(std::move(function));
    }

    void frame() {
        std::vector<Function> posted;
        {
            rt::Lock lock(mutex_);
            posted.swap(posted_);
        }
        for (const Function& function : posted) {
            function();
        }
        rt::Instant const now = rt::sys::now();
        for (Timer* timer : std::vector<Timer*>(timers_)) {
            if (timer->moment_ <= now) {
                timer->moment_ = rt::Instant::max();
                timer->function_();
            }
        }
        for (Watch* watch : std::vector<Watch*>(watches_)) {
            watch->function_();
        }
    }

    bool run_once() {
        frame();
        return true;
    }

  private:
    std::vector<Timer*> timers_;
    std::vector<Watch*> watches_;
    rt::Mutex mutex_;
    std::vector<Function> posted_;  // under mutex_
};

}  // namespace exercise
