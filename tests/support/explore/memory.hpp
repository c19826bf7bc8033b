/// \file
/// What memory is in an execution: the earlier values of each atomic, who may still see them, and who has accessed what.
///
/// Each thread has a Clock. A write with `release` keeps the writer's clock beside the value, and a load with `acquire` joins it
/// with the reader's. So a clock says what has happened before, in the sense of the C++ standard:
///  - of each atomic the oldest value that a load may return. One that is older was overwritten before.
///  - of each thread how far it had come. A plain access that is later than that is not ordered: a data race.
///
/// Writes to one atomic have the order in which they are executed. A seq_cst load sees no value that is older than the last one
/// that a seq_cst operation has written or seen there.
///
/// Called by: the explorer, by one thread at a time.
#pragma once

#include <rt/sync.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

namespace explore {

inline constexpr int most_threads = 8;
inline constexpr int nobody = -1;

/// What a thread knows.
class Clock {
  public:
    std::array<std::uint32_t, most_threads> threads{};  ///< how far each of them has come
    std::vector<std::uint32_t> oldest;                  ///< that it may see, by the atomic's number

    void join(const Clock& other) {
        for (std::size_t i = 0; i < threads.size(); ++i) {
            threads[i] = std::max(threads[i], other.threads[i]);
        }
        oldest.resize(std::max(oldest.size(), other.oldest.size()));
        for (std::size_t i = 0; i < other.oldest.size(); ++i) {
            oldest[i] = std::max(oldest[i], other.oldest[i]);
        }
    }
    std::uint32_t& oldest_of(std::size_t atomic) {
        oldest.resize(std::max(oldest.size(), atomic + 1));
        return oldest[atomic];
    }
};

class Memory {
  public:
    /// A value that a load has returned.
    struct Seen {
        std::uint64_t bits;
        bool is_old;
    };

    /// `now` is the newest value. `choose(n)` says how many of the newest n - 1 values are passed over.
    template <class Choose>
    Seen load(int thread, Clock& clock, const void* address, std::uint64_t now, int order, Choose choose) {
        AtomicState& atomic = atomic_at(address, now);
        std::uint32_t& oldest = clock.oldest_of(atomic.number);
        auto const newest = static_cast<std::uint32_t>(atomic.values.size() - 1);
        int& stale = atomic.stale[static_cast<std::size_t>(thread)];
        std::uint32_t const from = stale == most_stale                      ? newest
                                   : order == static_cast<int>(rt::seq_cst) ? std::max(oldest, atomic.oldest_seq_cst)
                                                                            : oldest;
        std::uint32_t const seen = newest - static_cast<std::uint32_t>(choose(newest - from + 1));
        stale = seen == newest ? 0 : stale + 1;
        oldest = seen;
        if (order == static_cast<int>(rt::seq_cst)) {
            atomic.oldest_seq_cst = std::max(atomic.oldest_seq_cst, seen);
        }
        if (acquires(order)) {
            clock.join(atomic.values[seen].clock);
        }
        return {atomic.values[seen].bits, seen != newest};
    }

    /// A compare_exchange that fails sees the newest value.
    void failed_exchange(int thread, Clock& clock, const void* address, std::uint64_t now, int order) {
        AtomicState& atomic = atomic_at(address, now);
        auto const newest = static_cast<std::uint32_t>(atomic.values.size() - 1);
        atomic.stale[static_cast<std::size_t>(thread)] = 0;
        clock.oldest_of(atomic.number) = newest;
        if (acquires(order)) {
            clock.join(atomic.values.back().clock);
        }
        if (order == static_cast<int>(rt::seq_cst)) {
            atomic.oldest_seq_cst = newest;
        }
    }

    /// `reads`: it is a read-modify-write, which continues the release that stored the value before.
    void write(int thread, Clock& clock, const void* address, std::uint64_t before, std::uint64_t after, int order,
               bool reads) {
        AtomicState& atomic = atomic_at(address, before);
        if (reads && acquires(order)) {
            clock.join(atomic.values.back().clock);
        }
        auto const number = static_cast<std::uint32_t>(atomic.values.size());
        atomic.stale[static_cast<std::size_t>(thread)] = 0;
        clock.oldest_of(atomic.number) = number;
        Value value{after, reads ? atomic.values.back().clock : Clock()};
        value.clock.oldest_of(atomic.number) = number;
        if (releases(order)) {
            value.clock.join(clock);
        }
        if (order == static_cast<int>(rt::seq_cst)) {
            atomic.oldest_seq_cst = number;
        }
        atomic.values.push_back(std::move(value));
        tick(thread, clock);
    }

    bool is_locked(const void* mutex) { return mutexes_[mutex].owner != nobody; }
    void lock(int thread, Clock& clock, const void* mutex) {
        mutexes_[mutex].owner = thread;
        clock.join(mutexes_[mutex].clock);
    }
    void unlock(int thread, Clock& clock, const void* mutex) {
        mutexes_[mutex] = {nobody, clock};
        tick(thread, clock);
    }

    /// Of plain memory. False if another access is not ordered with this one.
    bool access(int thread, const Clock& clock, const void* address, bool writes) {
        PlainState& plain = plain_[address];
        bool is_ordered =
            plain.writer == nobody || plain.written <= clock.threads[static_cast<std::size_t>(plain.writer)];
        for (std::size_t i = 0; writes && i < clock.threads.size(); ++i) {
            is_ordered = is_ordered && plain.read[i] <= clock.threads[i];
        }
        std::uint32_t const now = clock.threads[static_cast<std::size_t>(thread)];
        if (writes) {
            plain.writer = thread;
            plain.written = now;
        } else {
            plain.read[static_cast<std::size_t>(thread)] = now;
        }
        return is_ordered;
    }

    /// What comes after a release is no part of it.
    static void tick(int thread, Clock& clock) { ++clock.threads[static_cast<std::size_t>(thread)]; }

    /// A new object is at this address.
    void begin(const void* address) {
        atomics_.erase(address);
        mutexes_.erase(address);
        plain_.erase(address);
    }

  private:
    static constexpr int most_stale = 2;  // loads in a row that return an old value: a write becomes visible in the end

    struct Value {
        std::uint64_t bits;
        Clock clock;
    };
    struct AtomicState {
        std::size_t number = 0;
        std::vector<Value> values;
        std::uint32_t oldest_seq_cst = 0;
        std::array<int, most_threads> stale{};
    };
    struct MutexState {
        int owner = nobody;
        Clock clock;
    };
    struct PlainState {
        int writer = nobody;
        std::uint32_t written = 0;
        std::array<std::uint32_t, most_threads> read{};
    };

    static bool acquires(int order) {
        return order == static_cast<int>(rt::acquire) || order == static_cast<int>(rt::acq_rel) ||
               order == static_cast<int>(rt::seq_cst);
    }
    static bool releases(int order) {
        return order == static_cast<int>(rt::release) || order == static_cast<int>(rt::acq_rel) ||
               order == static_cast<int>(rt::seq_cst);
    }
    AtomicState& atomic_at(const void* address, std::uint64_t now) {
        auto [found, is_new] = atomics_.try_emplace(address);
        if (is_new) {
            found->second.number = made_++;
            found->second.values.push_back({now, {}});
        }
        return found->second;
    }

    std::unordered_map<const void*, AtomicState> atomics_;
    std::unordered_map<const void*, MutexState> mutexes_;
    std::unordered_map<const void*, PlainState> plain_;
    std::size_t made_ = 0;
};

}  // namespace explore
