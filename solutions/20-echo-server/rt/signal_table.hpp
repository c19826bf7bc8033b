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
/// A signal that was asked for once never has its default effect again in this process.
///
/// Source: D. J. Bernstein's self-pipe trick, and `tokio::signal`.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace rt::detail {

/// The Signals of the process. Initialized at compile time, because a signal may come at any time.
class SignalTable {
  public:
    struct Entry {
        Atomic<std::uint64_t> asked{0};  // a set of signals, as made by `bit`. Empty: the entry is free
        Atomic<std::uint64_t> came{0};   // those that have come and were not taken
        Atomic<int> fd{-1};              // -1: the handler writes to none
    };

    /// The set of signal `number`. Throws if there is no such signal.
    static std::uint64_t bit(int number) {
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
    static Atomic<int> handlers;  // that are running now
};

inline constinit std::array<SignalTable::Entry, 64> SignalTable::entries{};
inline constinit Atomic<int> SignalTable::handlers{0};

}  // namespace rt::detail
