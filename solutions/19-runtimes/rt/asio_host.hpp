/// \file
/// Given: `AsioHost`, Asio's io_context as the host of a `Hosted`. Included only where Asio is installed. It shows that the
/// hooks of `PollLoop` are not special.
#pragma once

#include <rt/hosted.hpp>
#include <rt/park.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <functional>
#include <utility>

namespace rt {

class AsioHost {
  public:
    using Function = std::function<void()>;

    /// Asio's own loop, for other code that shares it with our tasks.
    asio::io_context& io_context() noexcept { return io_; }

    void post(Function function) { asio::post(io_, std::move(function)); }

    bool run_once() {
        if (io_.run_one() != 0) {
            return true;
        }
        io_.restart();  // because a stopped io_context never runs anything again
        return false;
    }

    class Timer {
      public:
        Timer(AsioHost& host, Function function) : timer_(host.io_), function_(std::move(function)) {}

        void set(Instant moment) {
            timer_.expires_at(moment);  // cancels the wait before
            timer_.async_wait([this](asio::error_code error) {
                if (!error) {
                    function_();
                }
            });
        }

      private:
        asio::steady_timer timer_;
        Function function_;
    };

    class Watch {
      public:
        Watch(AsioHost& host, int fd, Function function) : descriptor_(host.io_, fd), function_(std::move(function)) {
            wait();
        }
        ~Watch() { descriptor_.release(); }  // because its owner closes it

      private:
        /// Asio forgets a descriptor after each event.
        void wait() {
            descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](asio::error_code error) {
                if (!error) {
                    function_();
                    wait();
                }
            });
        }

        asio::posix::stream_descriptor descriptor_;
        Function function_;
    };

  private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
};

}  // namespace rt
