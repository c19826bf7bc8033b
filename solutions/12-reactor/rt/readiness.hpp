/// \file
/// `ReadinessWord`: what is known about one descriptor, in one integer that the reactor and the descriptor's users share.
///
///   bits 0 to 7   flags: may it be read, may it be written, has either side ended (see `Readiness`)
///   bits 8 to 63  the tick, which counts the events that the kernel reported
///
/// Edge-triggered epoll reports each event once, so after a flag was cleared by mistake, a task sleeps forever. A flag
/// that was set by mistake costs only one system call, which the kernel refuses.
///
/// Invariants: a user that clears a flag passes the word that it saw before it tried. If a newer event has come since,
/// the tick differs. Then nothing is cleared, and the user tries again.
///
/// Thread safety: any thread may call `load`, `set`, `clear_refused`, and `clear_short` at any time.
///
/// Source: Tokio's `ScheduledIo`.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <cstdint>

namespace rt {

/// The two things that a task can wait for at a descriptor.
enum class Direction : unsigned char { read, write };

// Given: you use the flags, `allows`, `is_urgent`, `is_same_event_as`, `with_event`, and `without`.
/// What a ReadinessWord held at one moment.
class Readiness {
  public:
    using Flags = std::uint64_t;
    static constexpr Flags readable = 1;
    static constexpr Flags writable = 2;
    static constexpr Flags read_closed = 4;   ///< no bytes will come after those that are there
    static constexpr Flags write_closed = 8;  ///< a write will fail
    static constexpr Flags urgent = 16;       ///< out-of-band data has come: a read may stop short of it

    /// What is assumed about a descriptor that has not been tried: that it is worth trying.
    constexpr Readiness() noexcept = default;

    /// The flags for `events` of epoll_wait.
    static constexpr Flags flags_of(std::uint32_t events) noexcept {
        Flags flags = 0;
        flags |= (events & EPOLLIN) != 0 ? readable : 0;
        flags |= (events & EPOLLOUT) != 0 ? writable : 0;
        flags |= (events & EPOLLPRI) != 0 ? readable | urgent : 0;
        flags |= (events & EPOLLRDHUP) != 0 ? read_closed : 0;
        flags |= (events & (EPOLLHUP | EPOLLERR)) != 0 ? read_closed | write_closed : 0;
        return flags;
    }

    static constexpr Flags mask(Direction direction) noexcept {
        return direction == Direction::read ? readable | read_closed : writable | write_closed;
    }

    /// True if a system call in this direction is worth trying.
    constexpr bool allows(Direction direction) const noexcept { return (word_ & mask(direction)) != 0; }
    constexpr bool is_urgent() const noexcept { return (word_ & urgent) != 0; }
    /// True if no event has come between `other` and this.
    constexpr bool is_same_event_as(Readiness other) const noexcept { return ((word_ ^ other.word_) >> 8) == 0; }

    /// The next tick, with these flags too.
    constexpr Readiness with_event(Flags flags) const noexcept { return Readiness((word_ + one_tick) | flags); }
    /// The same tick, without these flags.
    constexpr Readiness without(Flags flags) const noexcept { return Readiness(word_ & ~flags); }

  private:
    static constexpr std::uint64_t one_tick = 1 << 8;

    explicit constexpr Readiness(std::uint64_t word) noexcept : word_(word) {}

    std::uint64_t word_ = readable | writable;
};

class ReadinessWord {
  public:
    ReadinessWord() noexcept = default;

    /// Called by a user before it tries.
    Readiness load() const noexcept { return word_.load(acquire); }

    struct News {
        bool read = false;
        bool write = false;
    };

    /// Adds `flags`, which the kernel reported. Returns the directions to wake: those that were not ready before. Called by the
    /// reactor.
    News set(Readiness::Flags flags) noexcept {
        Readiness before = load();
        while (!word_.compare_exchange_weak(before, before.with_event(flags), acq_rel, acquire)) {}
        Readiness now = before.with_event(flags);
        return {.read = now.allows(Direction::read) && !before.allows(Direction::read),
                .write = now.allows(Direction::write) && !before.allows(Direction::write)};
    }

    /// The kernel answered "not now" to a user that had seen `seen`. A closed direction is cleared too, because a FIFO
    /// can be read again when another writer opens it.
    void clear_refused(Direction direction, Readiness seen) noexcept { clear(Readiness::mask(direction), seen); }

    /// The kernel read or wrote less than it was asked to, so it can do no more for now. `read_closed` stays, because the end of
    /// the stream may have come with the last bytes, and is not reported again.
    void clear_short(Direction direction, Readiness seen) noexcept {
        if (!seen.is_urgent()) {
            clear(direction == Direction::read ? Readiness::readable : Readiness::writable, seen);
        }
    }

    /// From now on the word belongs to another descriptor. Called by the table.
    void reset() noexcept { word_.store(Readiness(), release); }

  private:
    void clear(Readiness::Flags flags, Readiness seen) noexcept {
        Readiness before = seen;
        while (!word_.compare_exchange_weak(before, before.without(flags), acq_rel, acquire)) {
            if (!before.is_same_event_as(seen)) {
                return;
            }
        }
    }

    Atomic<Readiness> word_{Readiness()};
};

}  // namespace rt
