/// \file
/// Given: the signal handler, and the table that it reads. You use nothing of it but `bit`.
///
/// A signal handler may not take a lock, allocate, or wake a task. But it may write to a descriptor, and the reactor can
/// wait for that. So each Signal has an eventfd and an entry in this table. The handler notes the number of the signal in
/// each entry that asked for it, and writes to the entry's eventfd.
///
/// Thread safety: the owner of a Signal takes an entry and gives it back. Handlers read the table on any thread at any
/// moment. A handler that began before `give_back` may have seen the descriptor, which must not be closed while the handler
/// uses it. So `give_back` takes the descriptor out, and then waits until no handler is running. A handler waits for
/// nothing, so this ends.
///
/// A signal that was asked for once never has its default effect again in this process. If no Signal takes it, it is kept for
/// the next one that asks. A child that was forked has this table and its descriptors too, so each entry knows its process.
///
/// Source: D. J. Bernstein's self-pipe trick, and `tokio::signal`.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>

#include <array>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace rt::detail {

/// The Signals of the process. Initialized at compile time, because a signal may come at any time.
class SignalTable {
  public:
    struct Entry {
        /// Takes the lowest signal that has come. 0: none has.
        int take() noexcept {
            const std::uint64_t all = came.load(relaxed);
            if (all == 0) {
                return 0;
            }
            const std::uint64_t lowest = all & -all;
            untaken.fetch_and(~lowest, relaxed);
            came.fetch_and(~lowest, acquire);
            return std::countr_zero(lowest) + 1;
        }

        Atomic<std::uint64_t> asked{0};  // a set of signals, as made by `bit`. Empty: the entry is free
        Atomic<std::uint64_t> came{0};   // those that have come and were not taken
        Atomic<int> process{0};
        Atomic<int> fd{-1};  // -1: the handler writes to none
    };

    /// The set of signal `number`. Throws if there is no such signal, or if it stops the thread that caused it.
    static std::uint64_t bit(int number) {
        if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL) {
            throw std::system_error(EINVAL, std::system_category(),
                                    "this signal reports a fault of the running code, which a task cannot mend. Do not "
                                    "wait for SIGSEGV, SIGBUS, SIGFPE, or SIGILL");
        }
        if (number < 1 || number > 64) {
            throw sys::error(-EINVAL, "sigaction");
        }
        return std::uint64_t{1} << static_cast<unsigned>(number - 1);
    }

    /// An entry that writes to the eventfd `fd` when one of the signals `asked` comes. Throws if there are too many entries,
    /// or if the system refuses a signal.
    static Entry& take(int fd, std::uint64_t asked) {
        for (Entry& entry : entries) {
            std::uint64_t none = 0;
            if (entry.asked.compare_exchange_strong(none, asked, acquire, relaxed)) {
                entry.process.store(sys::process_id(), relaxed);
                entry.fd.store(fd, seq_cst);
                for (std::uint64_t left = asked; left != 0; left &= left - 1) {
                    int result = sys::on_signal(std::countr_zero(left) + 1, &handle);
                    if (result < 0) {
                        give_back(entry);
                        throw sys::error(result, "sigaction");
                    }
                }
                // After `fd`, as the handler looks for entries after it has noted the signal. So one of the two sees it.
                entry.came.fetch_or(untaken.load(seq_cst) & asked, relaxed);
                return entry;
            }
        }
        throw std::system_error(EMFILE, std::system_category(),
                                "more signal futures at a time than this process can have");
    }

    static void give_back(Entry& entry) noexcept {
        // Both this pair and the handler's are seq_cst: either the handler sees no descriptor, or the loop sees the handler.
        entry.fd.store(-1, seq_cst);
        while (handlers.load(seq_cst) != 0) {
            yield_thread();
        }
        entry.came.store(0, relaxed);
        entry.asked.store(0, release);
    }

  private:
    static void handle(int number) {
        const int saved = errno;  // of the code that was interrupted
        const int process = sys::process_id();
        handlers.fetch_add(1, seq_cst);
        untaken.fetch_or(std::uint64_t{1} << static_cast<unsigned>(number - 1), seq_cst);
        for (Entry& entry : entries) {
            const int fd = entry.fd.load(seq_cst);
            if (fd >= 0 && entry.process.load(relaxed) == process && (entry.asked.load(relaxed) & bit(number)) != 0) {
                entry.came.fetch_or(bit(number), release);
                constexpr std::uint64_t one = 1;
                sys::write(fd, {reinterpret_cast<const char*>(&one), sizeof one});
            }
        }
        handlers.fetch_sub(1, seq_cst);
        errno = saved;
    }

    static std::array<Entry, 64> entries;
    static Atomic<std::uint64_t> untaken;  // signals that have come since one of their kind was taken
    static Atomic<int> handlers;           // that are running now
};

inline constinit std::array<SignalTable::Entry, 64> SignalTable::entries{};
inline constinit Atomic<std::uint64_t> SignalTable::untaken{0};
inline constinit Atomic<int> SignalTable::handlers{0};

}  // namespace rt::detail
