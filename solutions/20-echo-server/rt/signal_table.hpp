/// \file
/// Given: the signal handler, and the table that it reads. You use nothing of it.
///
/// A signal handler may not take a lock, allocate, or wake a task. But it may write to a descriptor, and the reactor can
/// wait for that. So each Signal has an eventfd and a place in this table. The handler counts the signal, and then writes to
/// every eventfd. Each Signal compares the counts with those that it has seen.
///
/// A signal that was asked for once never has its default effect again in this process. If no Signal takes it, it is kept for
/// the next one that asks. A child that was forked has this table and its descriptors too, so each place names its process.
///
/// Thread safety: a handler may run on any thread at any moment, and the descriptor that it has seen must not be closed while
/// it writes. So `give_back` makes the place free, and then waits until no handler is running. All that a handler touches is
/// seq_cst. So if a signal comes while a place is taken, the handler sees the place, or the new Signal sees the count.
///
/// Source: D. J. Bernstein's self-pipe trick, and `tokio::signal`.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>
#include <rt/sys_process.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace rt::detail {

/// One signal of the process.
struct SignalCount {
    /// True if it has come since it had come `seen` times, which is then brought up to date.
    bool take(std::uint64_t& seen) noexcept {
        const std::uint64_t now = came.load(seq_cst);
        for (std::uint64_t before = taken.load(relaxed);
             before < now && !taken.compare_exchange_weak(before, now, relaxed);) {}
        return std::exchange(seen, now) != now;
    }

    Atomic<std::uint64_t> came{0};   // how often
    Atomic<std::uint64_t> taken{0};  // how many of those a Signal has taken. The others are for the next Signal
};

/// The place of a Signal. The default is that of none. Aligned as its size is: else clang, with the library of g++ 14, calls
/// a function of libatomic to compare and exchange two.
struct alignas(8) SignalPlace {
    int process = 0;
    int event_fd = -1;
};

// Initialized at compile time, because a signal may come at any time.
inline constinit std::array<SignalCount, 65> signal_counts{};  // by the number of the signal
inline constinit std::array<Atomic<SignalPlace>, 64> signal_places{};
static_assert(Atomic<SignalPlace>::is_always_lock_free);
inline constinit Atomic<int> running_handlers{0};

inline SignalCount& signal_count(int number) noexcept { return signal_counts[static_cast<std::size_t>(number)]; }

inline void handle_signal(int number) {
    const int saved = errno;  // of the code that was interrupted
    const int process = sys::process_id();
    running_handlers.fetch_add(1, seq_cst);
    signal_count(number).came.fetch_add(1, seq_cst);
    for (Atomic<SignalPlace>& each : signal_places) {
        const SignalPlace place = each.load(seq_cst);
        if (place.process == process) {
            constexpr std::uint64_t one = 1;
            sys::write(place.event_fd, {reinterpret_cast<const char*>(&one), sizeof one});
        }
    }
    running_handlers.fetch_sub(1, seq_cst);
    errno = saved;
}

/// Makes the handler count signal `number`. Throws if the system refuses, or for SIGSEGV, SIGBUS, SIGFPE, and SIGILL.
inline SignalCount& count_signal(int number) {
    if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL) {
        throw std::system_error(
            EINVAL, std::system_category(),
            "this signal reports a fault of the running code, which a task cannot mend. Do not wait "
            "for SIGSEGV, SIGBUS, SIGFPE, or SIGILL");
    }
    sys::check(sys::on_signal(number, &handle_signal), "sigaction");
    return signal_count(number);
}

/// A place for a Signal with this eventfd.
inline Atomic<SignalPlace>& take_place(int event_fd) {
    for (Atomic<SignalPlace>& each : signal_places) {
        SignalPlace none;
        if (each.compare_exchange_strong(none, {sys::process_id(), event_fd}, seq_cst)) {
            return each;
        }
    }
    throw std::system_error(EMFILE, std::system_category(), "more signal futures at a time than this process can have");
}

inline void give_back(Atomic<SignalPlace>* place) noexcept {
    place->store(SignalPlace(), seq_cst);
    while (running_handlers.load(seq_cst) != 0) {
        yield_thread();
    }
}

}  // namespace rt::detail
