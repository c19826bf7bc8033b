/// \file
/// `signal(SIGINT, SIGTERM)`: a future of the next signal. `shutdown_signal()`, `ctrl_c()`: the usual ones.
///
/// A signal handler may do next to nothing: no lock, no allocation, no wake. But it may write to a descriptor, and the
/// reactor can wait for that. So each Signal has an eventfd, and stands with it in a table; the handler notes the number of
/// the signal in each entry that asked for it, and writes to its eventfd.
///
/// Who may touch what: an entry is taken and given back by the owner of its Signal, and read by handlers on any thread at any
/// moment. To give one back is to take the descriptor out of it, and then to wait until no handler is at work: one that began
/// before may have seen the descriptor, which must not be closed under it. A handler waits for nobody, so this ends.
///
/// A signal that was asked for once never again has its default effect in this process.
///
/// Source of the idea: `tokio::signal`; the trick with the descriptor, D. J. Bernstein's self-pipe.
#pragma once

#include <rt/future.hpp>
#include <rt/io_source.hpp>
#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>

#include <array>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace rt {

namespace detail {

/// All Signals of the process. Constant-initialised: a handler may come at any time.
class SignalTable {
  public:
    struct Entry {
        Atomic<bool> is_taken{false};
        Atomic<int> fd{-1};              // -1: not asked for
        Atomic<std::uint64_t> asked{0};  // a bit for each signal, as in `bit`
        Atomic<std::uint64_t> came{0};   // those that have come and were not taken
    };

    /// Throws for what is no signal's number.
    static std::uint64_t checked_bit(int number) {
        if (number < 1 || number > 64) {
            throw sys::error(-EINVAL, "sigaction");
        }
        return bit(number);
    }
    static constexpr std::uint64_t bit(int number) noexcept {
        return std::uint64_t{1} << static_cast<unsigned>(number - 1);
    }

    /// An entry for `fd` that hears of the signals `asked`. Throws if there are too many, or if the system refuses a signal.
    static Entry& take(int fd, std::uint64_t asked) {
        for (Entry& entry : entries) {
            if (!entry.is_taken.exchange(true, acq_rel)) {
                entry.came.store(0, relaxed);
                entry.asked.store(asked, relaxed);
                entry.fd.store(fd, seq_cst);
                for (int number = 1; number <= 64; ++number) {
                    int result = (asked & bit(number)) != 0 ? sys::on_signal(number, &handle) : 0;
                    if (result < 0) {
                        give_back(entry);
                        throw sys::error(result, "sigaction");
                    }
                }
                return entry;
            }
        }
        throw std::system_error(EMFILE, std::system_category(),
                                "more signal futures at a time than this process can have");
    }

    static void give_back(Entry& entry) noexcept {
        entry.fd.store(-1, seq_cst);
        while (handlers.load(seq_cst) != 0) {
            yield_thread();
        }
        entry.is_taken.store(false, release);
    }

  private:
    static void handle(int number) {
        const int saved = errno;
        handlers.fetch_add(1, seq_cst);
        for (Entry& entry : entries) {
            const int fd = entry.fd.load(seq_cst);
            if (fd >= 0 && (entry.asked.load(relaxed) & bit(number)) != 0) {
                entry.came.fetch_or(bit(number), release);
                constexpr std::uint64_t one = 1;
                sys::write(fd, {reinterpret_cast<const char*>(&one), sizeof one});
            }
        }
        handlers.fetch_sub(1, seq_cst);
        errno = saved;
    }

    static std::array<Entry, 64> entries;
    static Atomic<int> handlers;  // at work now
};

inline constinit std::array<SignalTable::Entry, 64> SignalTable::entries{};
inline constinit Atomic<int> SignalTable::handlers{0};

}  // namespace detail

/// See `signal`.
class [[nodiscard("a signal is waited for by awaiting this")]] Signal {
    using Table = detail::SignalTable;

  public:
    using Output = int;

    /// `asked` has the bit `number - 1` for each signal.
    explicit Signal(std::uint64_t asked) : source_(open()), entry_(&Table::take(source_.fd(), asked)) {}
    Signal(Signal&& other) noexcept
        : contract_(std::move(other.contract_)),
          source_(std::move(other.source_)),
          entry_(std::exchange(other.entry_, nullptr)) {}
    Signal& operator=(Signal&&) = delete;
    ~Signal() {
        if (entry_ != nullptr) {
            Table::give_back(*entry_);
        }
    }

    Poll<int> poll(Context& cx) {
        contract_.begin("signal");
        std::uint64_t written = 0;
        auto take = [&written](int fd) { return sys::read(fd, {reinterpret_cast<char*>(&written), sizeof written}); };
        if (source_.poll_io(cx, Direction::read, IoSource::never_short, "signal", take).is_pending()) {
            return contract_.pending();
        }
        const std::uint64_t came = entry_->came.exchange(0, acquire);
        int number = 1;
        while ((came & Table::bit(number)) == 0) {
            ++number;
        }
        return Ready(number);
    }

  private:
    static sys::Fd open() {
        int fd = sys::event_fd();
        if (fd < 0) {
            throw sys::error(fd, "eventfd");
        }
        return sys::Fd(fd);
    }

    [[no_unique_address]] Contract contract_;
    IoSource source_;
    Table::Entry* entry_;  // goes before source_, whose descriptor it names
};

/// A future of the number of the next signal out of `numbers` (1 to 64), from this call on: one that comes before the first
/// poll is not lost. Of several, the lowest number. Throws `std::system_error` for a number that cannot be caught.
/// (SIGUSR1 asks a program that keeps a record for its report, and does not come here.)
template <std::same_as<int>... Numbers>
Signal signal(Numbers... numbers) {
    return Signal((detail::SignalTable::checked_bit(numbers) | ...));
}

/// A future of Ctrl-C.
inline Signal ctrl_c() { return signal(SIGINT); }

/// A future of what asks a server to stop: Ctrl-C, or `kill`.
inline Signal shutdown_signal() { return signal(SIGINT, SIGTERM); }

}  // namespace rt
