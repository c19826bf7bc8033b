/// \file
/// `Idle`: which workers sleep, how many search; and why no wake-up is lost.
///
/// A worker is *running* tasks, *searching* for some in the queues of all, or *asleep*. Waking one for each task would be slow
/// (a system call each), waking none would be wrong. The rule:
///
///   whoever makes work      pushes it, **then** looks here. If nobody searches and somebody sleeps, it wakes one, who begins
///                           as a searcher. If somebody searches, that is enough.
///   a searcher who stops,   because it found work or because it did not and goes to sleep, says so here. If it was the last
///                           one, it **then** looks into all queues once more, and if there is something, it wakes a sleeper,
///                           as if it had pushed that work itself.
///   whoever runs dry        searches, unless half of the workers do so already.
///
/// *No wake-up is lost*: as long as there is work in some queue, some worker is awake who will look into all of them before it
/// sleeps, or there is one on its way out of its sleep. For let A be the announcement of a push (deque.hpp), and B the look at
/// `word_` after it; let C be the change of `word_` by which a searcher stops, and D its second look at that queue. All four
/// are seq_cst, so all threads agree on one order of them, in which A is before B and C before D.
///
///   - B sees a searcher. As long as one searches, somebody is awake. When the last one stops, by C, that is after B; so D is
///     after A, and sees the work, unless somebody has taken it meanwhile.
///   - B sees no searcher, but a sleeper: it wakes it.
///   - B sees neither: all workers are awake and run tasks. The first who runs dry finds nobody searching; so it searches, and
///     all its looks come after B.
///
/// Leave out the second look, and the work that comes between a searcher's last look and its sleep lies there for ever.
///
/// Threads: everything may be called from any thread. `word_` is the fast path: to see that nobody need be woken, which is the
/// usual answer, takes one load and no lock. Changes that concern a sleeper are made under the lock, so that list and word agree.
///
/// Source of the idea: Go's "spinning" threads (the comment at the top of proc.go), Tokio's `idle.rs`.
#pragma once

#include <rt/sync.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace rt {

class Idle {
  public:
    enum class OnStop { go_on, look_again };
    enum class OnWake { run, search };

    /// `workers` of them, all awake and running.
    explicit Idle(unsigned workers) : workers_(workers), word_(workers * awake) { sleepers_.reserve(workers); }

    /// Chooses the sleeper to be woken, who is a searcher from now on; the caller unparks it. Nothing, if no one need be
    /// woken. Called by whoever has made work, afterwards.
    std::optional<unsigned> choose_sleeper() noexcept {
        if (!needs_waking(word_.load(seq_cst))) {
            return std::nullopt;
        }
        Lock lock(mutex_);
        if (!needs_waking(word_.load(seq_cst))) {
            return std::nullopt;
        }
        // The one who fell asleep last: its cache is warm, and the first to fall asleep lies in the driver.
        unsigned const chosen = sleepers_.back();
        sleepers_.pop_back();
        word_.fetch_add(awake + searching, seq_cst);
        return chosen;
    }

    /// True if the caller, a worker that ran dry, may search: not if half of the workers do.
    bool begin_search() noexcept {
        std::uint32_t word = word_.load(seq_cst);
        do {
            if (2 * searching_in(word) >= workers_) {
                return false;  // theirs are the second looks
            }
        } while (!word_.compare_exchange_weak(word, word + searching, seq_cst, seq_cst));
        return true;
    }

    /// The caller, a searcher, has found work. On `look_again` it looks into all queues, and if there is more, does what
    /// whoever has made work does.
    OnStop end_search() noexcept {
        std::uint32_t const before = word_.fetch_sub(searching, seq_cst);
        return searching_in(before) == 1 ? OnStop::look_again : OnStop::go_on;
    }

    /// The caller, `worker`, is going to sleep. On `look_again` as above.
    OnStop fall_asleep(unsigned worker, bool is_searching) noexcept {
        Lock lock(mutex_);
        sleepers_.push_back(worker);
        std::uint32_t const before = word_.fetch_sub(is_searching ? awake + searching : awake, seq_cst);
        return is_searching && searching_in(before) == 1 ? OnStop::look_again : OnStop::go_on;
    }

    /// The caller, `worker`, came out of its sleep: on `search`, as someone's choice; on `run`, by itself, because of an
    /// event of the driver.
    OnWake wake_up(unsigned worker) noexcept {
        Lock lock(mutex_);
        auto const place = std::find(sleepers_.begin(), sleepers_.end(), worker);
        if (place == sleepers_.end()) {
            return OnWake::search;
        }
        sleepers_.erase(place);
        word_.fetch_add(awake, seq_cst);
        return OnWake::run;
    }

    /// How many search. Called by tests, as the next one.
    unsigned searching_count() const noexcept { return searching_in(word_.load(seq_cst)); }
    /// How many do not sleep.
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
