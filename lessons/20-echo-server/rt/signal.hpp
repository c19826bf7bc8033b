/// \file
/// `signal(SIGINT, SIGTERM)`: a future of the next signal, and a listener for all that follow. `ctrl_c()` and
/// `shutdown_signal()` are the usual ones.
///
/// Source: `tokio::signal`.
#pragma once

#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/signal_table.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>
#include <rt/todo.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>

namespace rt {

/// See `signal`.
class [[nodiscard("a Signal waits for nothing until it is polled. Await it.")]] Signal {
  public:
    using Output = int;

    explicit Signal(std::initializer_list<int> numbers)
        : source_(sys::Fd(sys::check(sys::event_fd(), "eventfd"))),
          place_(&detail::take_place(source_.fd()), &detail::give_back) {
        for (int number : numbers) {
            seen_[number] = detail::count_signal(number).taken.load(relaxed);
        }
    }

    /// A future of the next signal. May be called again and again, because a signal that comes between two calls is kept.
    auto recv() { return source_.alone(Direction::read, by_ref(*this)); }

    /// Awaits one signal, as `recv` does.
    Poll<int> poll(Context& cx) {
        // TODO(20.1) If a signal has come, take it with `detail::signal_count(number).take(seen)`, and yield its number. Begin
        // with the lowest number. If none has come, wait.
        todo("20.1 wait for a signal", cx, seen_);
    }

  private:
    /// Waits until somebody has written to the eventfd, and reads it empty.
    Poll<void> poll_written(Context& cx) {
        std::uint64_t written = 0;
        auto read = [&written](int fd) { return sys::read(fd, {reinterpret_cast<char*>(&written), sizeof written}); };
        return source_.poll_io(cx, Direction::read, IoSource::never_short, "signal", read).map([](std::size_t) {});
    }

    using Place = std::unique_ptr<Atomic<detail::SignalPlace>, decltype(&detail::give_back)>;

    IoSource source_;
    Place place_;                        // given back before source_ closes its descriptor
    std::map<int, std::uint64_t> seen_;  // for each signal, how many of them this has seen
};

/// A future of the number of the next signal out of `numbers`. A signal that has come since the first call for it, and that
/// nobody has taken, counts too, so none is lost between two futures. If several have come, yields the lowest number. Throws
/// `std::system_error` for a signal that cannot be waited for. A program that waits for SIGUSR1 does not print the report then.
template <std::same_as<int>... Numbers>
Signal signal(Numbers... numbers) {
    return Signal({numbers...});
}

/// A future of Ctrl-C.
inline Signal ctrl_c() { return signal(SIGINT); }

/// A future of a request to stop: Ctrl-C, or `kill`.
inline Signal shutdown_signal() { return signal(SIGINT, SIGTERM); }

}  // namespace rt
