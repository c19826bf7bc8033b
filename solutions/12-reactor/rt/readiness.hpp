/// \file
/// `ReadinessWord`: what is known of one descriptor, in one integer that the reactor and the descriptor's users share.
///
///   bits 0 to 7    may it be read, may it be written; has either side ended; see `Readiness`
///   bits 8 to 31   the tick: counts the events that the kernel reported
///   bits 32 to 63  the generation: counts the descriptors that have had this word
///
/// Edge-triggered epoll says each thing once, so a bit that is cleared by mistake is a task that sleeps for ever. Two
/// numbers prevent it:
///  - A user clears with the word that it had *seen* before it tried. If a newer event has come since, the tick differs,
///    and nothing is cleared: the user tries again.
///  - An event carries the generation of the descriptor it was asked for. If that one has been closed and the word belongs
///    to a successor, the generation differs, and nothing is set. (Two workers: one sits in epoll_wait with the event in
///    its hand while the other closes the descriptor and opens the next.)
///
/// What ended stays ended: the bits `read_closed` and `write_closed` outlive a short read, since the end of the stream may
/// have come in the same event as the last bytes and will not be said again. Only the kernel's own "not now" clears them: a
/// FIFO comes to life again when another writer opens it.
///
/// Source of the idea: Tokio's `ScheduledIo`.
#pragma once

#include <rt/sync.hpp>
#include <rt/sys.hpp>

#include <cstdint>

namespace rt {

/// The two things one can wait for at a descriptor.
enum class Direction : unsigned char { read, write };

/// What was seen in a ReadinessWord at one moment.
class Readiness {
  public:
    using Flags = std::uint64_t;
    static constexpr Flags readable = 1;
    static constexpr Flags writable = 2;
    static constexpr Flags read_closed = 4;   ///< no more will come than is there
    static constexpr Flags write_closed = 8;  ///< what is written will fail
    static constexpr Flags urgent = 16;       ///< out-of-band data was there once: reads may stop short of it

    explicit constexpr Readiness(std::uint64_t word) noexcept : word_(word) {}

    /// What is assumed of a descriptor that nobody has tried yet: that it is worth trying.
    static constexpr Readiness untried(std::uint32_t generation = 0) noexcept {
        return Readiness((std::uint64_t{generation} << 32) | readable | writable);
    }

    /// The flags for an answer of epoll.
    static constexpr Flags flags_of(std::uint32_t events) noexcept {
        Flags flags = 0;
        flags |= (events & EPOLLIN) != 0 ? readable : 0;
        flags |= (events & EPOLLOUT) != 0 ? writable : 0;
        flags |= (events & EPOLLPRI) != 0 ? readable | urgent : 0;
        flags |= (events & EPOLLRDHUP) != 0 ? read_closed : 0;
        flags |= (events & (EPOLLHUP | EPOLLERR)) != 0 ? read_closed | write_closed : 0;
        return flags;
    }

    /// True if it is worth trying.
    constexpr bool allows(Direction direction) const noexcept { return (word_ & mask(direction)) != 0; }
    /// True if a read may fill less than its buffer though there is more: it stops short of out-of-band data.
    constexpr bool is_urgent() const noexcept { return (word_ & urgent) != 0; }

    constexpr std::uint64_t word() const noexcept { return word_; }
    constexpr std::uint32_t generation() const noexcept { return static_cast<std::uint32_t>(word_ >> 32); }
    /// True if no event has come, and no successor, between `other` and this.
    constexpr bool is_same_event_as(Readiness other) const noexcept { return ((word_ ^ other.word_) >> 8) == 0; }

    static constexpr Flags mask(Direction direction) noexcept {
        return direction == Direction::read ? readable | read_closed : writable | write_closed;
    }

  private:
    std::uint64_t word_;
};

class ReadinessWord {
  public:
    ReadinessWord() noexcept = default;

    /// Called by users, before they try.
    Readiness load() const noexcept { return Readiness(word_.load(acquire)); }

    /// Which directions have become worth trying by an event.
    struct News {
        bool read = false;
        bool write = false;
    };

    /// The kernel reports `flags` for the descriptor of this generation. Returns whom to wake: a direction that was ready
    /// before has nobody asleep. Called by the reactor.
    News set(std::uint32_t generation, Readiness::Flags flags) noexcept {
        std::uint64_t before = word_.load(acquire);
        for (;;) {
            Readiness old(before);
            if (old.generation() != generation) {
                return {};  // meant for a predecessor, which has been closed
            }
            std::uint64_t tick = (before + one_tick) & tick_bits;
            Readiness now((before & ~tick_bits) | tick | flags);
            if (word_.compare_exchange_weak(before, now.word(), acq_rel, acquire)) {
                return {.read = now.allows(Direction::read) && !old.allows(Direction::read),
                        .write = now.allows(Direction::write) && !old.allows(Direction::write)};
            }
        }
    }

    /// The kernel said "not now" to a user that had seen `seen`.
    void clear_refused(Direction direction, Readiness seen) noexcept { clear(Readiness::mask(direction), seen); }

    /// The kernel gave or took less than it was asked for, so it has no more for now; whether the stream has ended is
    /// another question.
    void clear_short(Direction direction, Readiness seen) noexcept {
        if (direction == Direction::write) {
            clear(Readiness::writable, seen);
        } else if (!seen.is_urgent()) {
            clear(Readiness::readable, seen);
        }
    }

    /// The word begins to belong to another descriptor. Called by the table, when the old one is closed: from then on its
    /// events are of a past generation.
    void begin_generation() noexcept { word_.store(Readiness::untried(load().generation() + 1).word(), release); }

  private:
    static constexpr std::uint64_t one_tick = 1 << 8;
    static constexpr std::uint64_t tick_bits = 0xffff'ff00;

    void clear(Readiness::Flags flags, Readiness seen) noexcept {
        std::uint64_t before = seen.word();
        while (!word_.compare_exchange_weak(before, before & ~flags, acq_rel, acquire)) {
            if (!Readiness(before).is_same_event_as(seen)) {
                return;
            }
        }
    }

    Atomic<std::uint64_t> word_{0};
};

}  // namespace rt
