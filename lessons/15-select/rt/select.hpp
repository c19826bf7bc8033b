/// \file
/// `select(a, b, c)`: waits for the first of several futures. The others are destroyed, which cancels them.
///
/// Fairness: if several branches are ready at the same time, the one that is polled first wins. If each poll began
/// with the first branch and that branch were always ready, a loop around the select would never see the second one.
/// So not every poll begins with the same branch. `select(biased, …)` always begins with the first branch, for a
/// branch that goes before all others.
///
/// Cancel safety: a future is cancel-safe if it may be destroyed before it is Ready, and nothing is lost. A `read` is
/// cancel-safe. A `read_to_string` isn't, because the bytes that it has read are lost. If a future isn't cancel-safe,
/// keep it outside of the loop, and lend it to the select of each round: `select(by_ref(future), …)`.
///
/// Source: `tokio::select!`.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>
#include <rt/todo.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

/// The first argument of a select that always polls in the order of the other arguments: `select(biased, a, b)`.
inline constexpr struct Biased {
    explicit constexpr Biased() = default;
} biased{};

namespace detail {

// Given: the number of the branch with which a poll begins, from 0 to `branches` - 1. All selects of a thread share
// the counter. If the counter went up by one, two selects of two branches that are polled in turns would each begin
// with the same branch in every poll. So it goes up by a fraction of its range, the golden ratio (Knuth's
// multiplicative hashing).
inline std::size_t next_start(std::size_t branches) noexcept {
    static constinit thread_local std::uint32_t turn = 0;
    turn += 0x9e3779b9U;  // 2^32 divided by the golden ratio
    return static_cast<std::size_t>((std::uint64_t{turn} * branches) >> 32U);
}

}  // namespace detail

/// See `select`.
template <bool is_biased, Future... Fs>
class [[nodiscard]] Select {
    static_assert(sizeof...(Fs) != 0, "select was called without a future. Pass at least one.");
    static_assert((std::is_nothrow_move_constructible_v<NonVoid<OutputOf<Fs>>> && ...),
                  "what a branch of select yields must be movable without throwing. Yield a std::unique_ptr<T> instead.");

  public:
    using Output = std::variant<NonVoid<OutputOf<Fs>>...>;

    explicit Select(Fs... futures) : branches_(std::in_place, std::move(futures)...) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("select");
        std::size_t const start = is_biased ? 0 : detail::next_start(sizeof...(Fs));
        Outcome<Output> outcome = poll_from(start, cx, std::index_sequence_for<Fs...>());
        // TODO(15.1) If no branch has won, wait. Otherwise give the caller the value or the exception of the winner. At
        // that moment, no branch may exist any more.
        todo("15.1 yield what the winner yields", outcome);
    }

  private:
    /// Polls the branches from `start` on, and then the branches before it, until one is done. Returns how that one
    /// ended, or an empty outcome. `I` are the numbers of the branches.
    template <std::size_t... I>
    Outcome<Output> poll_from(std::size_t start, Context& cx, std::index_sequence<I...>) {
        Outcome<Output> outcome;
        // TODO(15.1) Poll each branch once: first those from `start` to the last one, then those before `start`. Stop
        // at the first branch that is done.
        todo("15.1 poll the branches until one is done", start, cx);
        return outcome;
    }

    /// Polls branch number `I`. If it is done, stores in `outcome` how it ended, and returns true.
    template <std::size_t I>
    bool poll_branch(Context& cx, Outcome<Output>& outcome) {
        auto& branch = std::get<I>(*branches_);
        Outcome<OutputOf<std::remove_reference_t<decltype(branch)>>> own;
        // TODO(15.1) Poll the branch. If it is done, its value or exception becomes the `outcome` of the select, and
        // the number of the branch becomes the index of the variant.
        todo("15.1 poll one branch", branch, cx, own, outcome);
    }

    [[no_unique_address]] Contract contract_;
    std::optional<std::tuple<Fs...>> branches_;  // empty once a branch has won
};

/// Waits for the first of `futures`. Yields a variant. Its index is the number of the branch that has won, and its
/// value is the result of that branch, or `std::monostate` if there is none. A branch that throws has won too, and
/// select throws its exception. All branches are destroyed before select yields or throws.
template <class... Fs>
auto select(Fs... futures) {
    static_assert(
        (Future<Fs> && ...),
        "one argument of select is not a future. Pass objects with `Output` and `Poll<Output> poll(Context&)`.");
    return Select<false, Fs...>(std::move(futures)...);
}

/// Like `select`, but if several branches are ready at the same time, the first of them wins. A first branch that is
/// always ready starves the others.
template <Future... Fs>
Select<true, Fs...> select(Biased, Fs... futures) {
    return Select<true, Fs...>(std::move(futures)...);
}

}  // namespace rt
