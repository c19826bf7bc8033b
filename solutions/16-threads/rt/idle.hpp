/// \file
/// `Idle`: which workers sleep, how many search for work, and why no wakeup is lost.
///
/// A worker runs tasks, searches for some in the queues of all, or sleeps. To wake a sleeper for each task would cost a system
/// call each. To wake none would lose tasks. These are the rules:
///
///   - A thread that makes work pushes it, and then looks here. If a worker sleeps and none searches, the thread wakes a
///     sleeper, which begins to search.
///   - A searcher that stops, because it found work or because it goes to sleep, says so here. If it was the last one, it then
///     looks into all queues once more. If it finds something, it wakes a sleeper.
///   - A worker that runs out of tasks searches, unless about half of the workers search already.
///
/// Invariant: while there is work in some queue, some worker is awake, or on its way out of its sleep, and looks into all
/// queues before it sleeps. The pushes, the changes here, and the looks at both are seq_cst, so all threads agree on one order
/// of them. The thread that makes work looks here after its push.
///
///   - If it sees a searcher, the last searcher stops after that, and then sees the work in its second look.
///   - If it sees no searcher but a sleeper, it wakes the sleeper.
///   - If it sees neither, all workers run tasks. The first one that runs out of tasks sees no searcher, so it searches, and it
///     looks into the queues after the push.
///
/// Thread safety: any thread may call everything. Changes that concern a sleeper are made under the lock, so that list and word
/// agree.
///
/// Source: Go's "spinning" threads (the comment at the top of proc.go), Tokio's `idle.rs`.
#pragma once

#include <rt/sync.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace rt {

class Idle {
  public:
    /// All `workers` run at first.
    explicit Idle(unsigned workers) : workers_(workers), word_(workers * awake) { sleepers_.reserve(workers); }

    /// Chooses the sleeper that the caller must unpark. It counts as a searcher from now on. Returns nothing if no worker needs
    /// to be woken. Called by a thread that has pushed work.
    std::optional<unsigned> choose_sleeper() noexcept {
        if (!needs_waking(word_.load(seq_cst))) {
            return std::nullopt;  // the usual answer, without a lock
        }
        Lock lock(mutex_);
        if (!needs_waking(word_.load(seq_cst))) {
            return std::nullopt;
        }
        // The worker that fell asleep last, because its cache is warm. The first one is usually in the driver.
        unsigned const chosen = sleepers_.back();
        sleepers_.pop_back();
        word_.fetch_add(awake + searching, seq_cst);
        return chosen;
    }

    /// Returns true if the caller, a worker without tasks, may search.
    bool begin_search() noexcept {
        if (2 * searching_in(word_.load(seq_cst)) >= workers_) {
            return false;  // the searchers also look again for this worker
        }
        word_.fetch_add(searching, seq_cst);  // two may pass the limit together, which does no harm
        return true;
    }

    /// The caller, a searcher, has found work. Returns true if it was the last searcher. Then it looks into all queues, and if
    /// one is not empty, it calls `choose_sleeper`.
    [[nodiscard]] bool end_search() noexcept { return searching_in(word_.fetch_sub(searching, seq_cst)) == 1; }

    /// The caller, `worker`, goes to sleep. Returns true if it was the last searcher, which means the same as above.
    [[nodiscard]] bool fall_asleep(unsigned worker, bool is_searching) noexcept {
        Lock lock(mutex_);
        sleepers_.push_back(worker);
        std::uint32_t const before = word_.fetch_sub(is_searching ? awake + searching : awake, seq_cst);
        return is_searching && searching_in(before) == 1;
    }

    // Given: the caller, `worker`, woke up. Returns true if `choose_sleeper` chose it, so that it is a searcher.
    bool wake_up(unsigned worker) noexcept {
        Lock lock(mutex_);
        auto const place = std::find(sleepers_.begin(), sleepers_.end(), worker);
        if (place == sleepers_.end()) {
            return true;
        }
        sleepers_.erase(place);
        word_.fetch_add(awake, seq_cst);
        return false;
    }

    /// How many workers do not sleep.
    unsigned awake_count() const noexcept { return awake_in(word_.load(seq_cst)); }

  private:
    // The word is two counts side by side.
    static constexpr std::uint32_t searching = 1;
    static constexpr std::uint32_t awake = 1U << 16U;

    static unsigned searching_in(std::uint32_t word) noexcept { return word % awake; }
    static unsigned awake_in(std::uint32_t word) noexcept { return word / awake; }

    bool needs_waking(std::uint32_t word) const noexcept {
        return searching_in(word) == 0 && awake_in(word) < workers_;
    }

    unsigned const workers_;
    Atomic<std::uint32_t> word_;
    Mutex mutex_;
    std::vector<unsigned> sleepers_;  // under mutex_; workers_ - awake of them
};

}  // namespace rt
