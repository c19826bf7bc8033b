/// \file
/// `select(a, b, c)`: the first of several futures to be done. The others are dropped, and that cancels them.
///
/// Fairness: if several are ready at once, the first one that is polled wins. A loop around select would then never see
/// the second branch while the first is ready, so each poll begins with another branch. Where it begins is a counter of
/// the thread, which goes round by the golden ratio: every branch comes first as often as the others, also when several
/// selects take turns on the thread, which a counter that goes round one by one would always send to the same branch.
/// `select(biased, …)` always begins with the first, for branches that are to have precedence.
///
/// Dropping a loser is safe if its future loses nothing by it: those of this course say so where it matters. To keep a
/// future for the next round of a loop, lend it: `select(by_ref(future), …)`.
///
/// Source of the idea: `tokio::select!`; the golden ratio, Knuth's multiplicative hashing.
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

/// The type of `biased`.
class Biased {
  public:
    explicit constexpr Biased() = default;
};

/// `select(biased, a, b)`: polls in the order of the arguments, always.
inline constexpr Biased biased{};

namespace detail {

/// Where the next select of this thread begins, among `branches`.
inline std::size_t next_start(std::size_t branches) noexcept {
    static constinit thread_local std::uint32_t turn = 0;
    turn += 0x9e3779b9U;  // 2^32 divided by the golden ratio
    return static_cast<std::size_t>((std::uint64_t{turn} * branches) >> 32U);
}

}  // namespace detail

/// See `select`.
template <bool is_biased, Future... Fs>
class [[nodiscard]] Select {
    static_assert(sizeof...(Fs) != 0, "select needs at least one future: with none, nothing would ever be done");

  public:
    using Output = std::variant<NonVoid<OutputOf<Fs>>...>;

    explicit Select(Fs... futures) : branches_(std::in_place, std::move(futures)...) {}

    Poll<Output> poll(Context& cx) {
        contract_.begin("select");
        const std::size_t start = is_biased ? 0 : detail::next_start(sizeof...(Fs));
        Outcome<Output> outcome = poll_from(start, cx, std::index_sequence_for<Fs...>());
        if (outcome.is_empty()) {
            return contract_.pending();
        }
        // The losers go before anybody sees the value, or the exception.
        branches_.reset();
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

    /// Polls one branch; true, and how it ended, if it is done.
    template <std::size_t I>
    bool poll_branch(Context& cx, Outcome<Output>& outcome) {
        auto& branch = std::get<I>(*branches_);
        using T = OutputOf<std::remove_reference_t<decltype(branch)>>;
        Outcome<T> own;
        if (!poll_into(branch, cx, own)) {
            return false;
        }
        if (own.has_exception()) {
            outcome.set_exception(own.take_exception());
        } else if constexpr (std::is_void_v<T>) {
            outcome.set_value(std::in_place_index<I>);
        } else {
            outcome.set_value(std::in_place_index<I>, own.take());
        }
        return true;
    }

    [[no_unique_address]] Contract contract_;
    std::optional<std::tuple<Fs...>> branches_;  // until one has won
};

/// Waits for the first of `futures` to be done; yields a variant, whose index is the number of the branch and whose
/// value is its result (a void one gives `std::monostate`). A branch that throws has won, and select throws that. The
/// losers are destroyed before select is Ready.
template <Future... Fs>
Select<false, Fs...> select(Fs... futures) {
    return Select<false, Fs...>(std::move(futures)...);
}

/// As `select`, and of several that are ready at once the first argument wins: for "stop" before "go on". A first
/// branch that is always ready starves the others.
template <Future... Fs>
Select<true, Fs...> select(Biased, Fs... futures) {
    return Select<true, Fs...>(std::move(futures)...);
}

/// Chosen when something is not a future, to say so.
template <class... Ts>
    requires(!(Future<Ts> && ...))
auto select(const Ts&...) {
    static_assert(
        (Future<Ts> && ...),
        "select takes futures, and one of these is none: a future has `Output` and `Poll<Output> poll(Context&)`");
}

}  // namespace rt
