/// \file
/// `select(a, b, c)`: waits for the first of several futures. The others are dropped, which cancels them.
///
/// Fairness: of several branches that are ready at once, the first one that is polled wins. So each poll begins with another
/// branch. Otherwise a loop around select would never see the second branch while the first is ready. `select(biased, …)`
/// always begins with the first, for a branch that comes before all others.
///
/// Dropping a loser is safe if its future loses nothing by it. The futures of this course say so where it matters. To keep a
/// future for the next round of a loop, lend it: `select(by_ref(future), …)`.
///
/// Source: `tokio::select!`.
#pragma once

#include <rt/future.hpp>
#include <rt/outcome.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace rt {

/// `select(biased, a, b)` always polls in the order of the arguments.
inline constexpr struct Biased {
    explicit constexpr Biased() = default;
} biased{};

namespace detail {

// Given: where the next select of this thread begins, among `branches`. The counter goes round by the golden ratio (Knuth's
// multiplicative hashing). If it counted one by one, two selects of two branches that take turns on a thread would each
// always begin with the same branch.
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

  public:
    using Output = std::variant<NonVoid<OutputOf<Fs>>...>;

    explicit Select(Fs... futures) : branches_(std::in_place, std::move(futures)...) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("select");
        std::size_t const start = is_biased ? 0 : detail::next_start(sizeof...(Fs));
        Outcome<Output> outcome = poll_from(start, cx, std::index_sequence_for<Fs...>());
        if (outcome.is_empty()) {
            return contract_.pending();
        }
        branches_.reset();  // the losers go before the caller sees the value or the exception
        return Ready<Output>(outcome.take());
    }

  private:
    /// Polls the branches from `start` on, and then those before it, until one is done.
    template <std::size_t... I>
    Outcome<Output> poll_from(std::size_t start, Context& cx, std::index_sequence<I...>) {
        Outcome<Output> outcome;
        bool done = ((I >= start && poll_branch<I>(cx, outcome)) || ...);
        done = done || ((I < start && poll_branch<I>(cx, outcome)) || ...);
        return outcome;
    }

    /// Polls one branch. If it is done, returns true and stores how it ended.
    template <std::size_t I>
    bool poll_branch(Context& cx, Outcome<Output>& outcome) {
        auto& branch = std::get<I>(*branches_);
        Outcome<OutputOf<std::remove_reference_t<decltype(branch)>>> own;
        if (!poll_into(branch, cx, own)) {
            return false;
        }
        if (own.has_exception()) {
            outcome.set_exception(own.take_exception());
        } else {
            outcome.set_value(std::in_place_index<I>, own.take());
        }
        return true;
    }

    [[no_unique_address]] Contract contract_;
    std::optional<std::tuple<Fs...>> branches_;  // until one has won
};

/// Waits for the first of `futures`. Yields a variant: its index is the number of the branch, and its value is the result, which
/// is `std::monostate` for void. A branch that throws has won, and select throws that. The losers are destroyed before that.
template <class... Fs>
auto select(Fs... futures) {
    static_assert(
        (Future<Fs> && ...),
        "one argument of select is not a future. Pass objects with `Output` and `Poll<Output> poll(Context&)`.");
    return Select<false, Fs...>(std::move(futures)...);
}

/// Like `select`, but of several that are ready at once the first argument wins. A first branch that is always ready starves
/// the others.
template <Future... Fs>
Select<true, Fs...> select(Biased, Fs... futures) {
    return Select<true, Fs...>(std::move(futures)...);
}

}  // namespace rt
