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

#include <concepts>
#include <cstdint>
#include <memory>

namespace rt {

/// See `signal`.
class [[nodiscard("a signal is waited for by awaiting this")]] Signal {
    using Table = detail::SignalTable;

  public:
    using Output = int;

    /// `asked` is a set of signals, as made by `SignalTable::bit`.
    explicit Signal(std::uint64_t asked)
        : source_(sys::Fd(sys::check(sys::event_fd(), "eventfd"))), entry_(&Table::take(source_.fd(), asked)) {}
    Signal(Signal&&) noexcept = default;

    /// A future of the next signal. May be called again and again, because a signal that comes between two calls is kept.
    auto recv() {
        return source_.alone(Direction::read, poll_fn([this](Context& cx) { return poll_recv(cx); }));
    }

    /// Awaits one signal, as `recv` does.
    Poll<int> poll(Context& cx) {
        contract_.begin("signal");
        Poll<int> number = poll_recv(cx);
        if (number.is_pending()) {
            return contract_.pending();
        }
        return number;
    }

  private:
    /// The eventfd says only that it is worth looking for a signal. It may be readable though none is left.
    Poll<int> poll_recv(Context& cx) {
        std::uint64_t written = 0;
        auto read = [&written](int fd) { return sys::read(fd, {reinterpret_cast<char*>(&written), sizeof written}); };
        for (;;) {
            if (int number = entry_->take(); number != 0) {
                return Ready(number);
            }
            if (source_.poll_io(cx, Direction::read, IoSource::never_short, "signal", read).is_pending()) {
                return Pending;
            }
        }
    }

    struct GiveBack {
        void operator()(Table::Entry* entry) const noexcept { Table::give_back(*entry); }
    };

    [[no_unique_address]] Contract contract_;
    IoSource source_;
    std::unique_ptr<Table::Entry, GiveBack> entry_;  // given back before source_ closes the descriptor that it names
};

/// A future of the number of the next signal out of `numbers`. A signal that has come since the first call for it, and that
/// nobody has taken, counts too, so none is lost between two futures. If several have come, yields the lowest number. Throws
/// `std::system_error` for a signal that cannot be waited for. A program that waits for SIGUSR1 does not print the report then.
template <std::same_as<int>... Numbers>
Signal signal(Numbers... numbers) {
    return Signal((detail::SignalTable::bit(numbers) | ...));
}

/// A future of Ctrl-C.
inline Signal ctrl_c() { return signal(SIGINT); }

/// A future of a request to stop: Ctrl-C, or `kill`.
inline Signal shutdown_signal() { return signal(SIGINT, SIGTERM); }

}  // namespace rt
