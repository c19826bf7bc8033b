/// \file
/// `Poll<T>`: the answer to "are you done?". Either `Ready`, with a value, or `Pending`: not yet, ask again.
///
/// Source of the idea: Rust's `std::task::Poll`.
#pragma once

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace rt {

/// The type of `Pending`.
struct PendingType {
    explicit constexpr PendingType() = default;
    friend constexpr bool operator==(PendingType, PendingType) noexcept { return true; }
};

/// "Not yet." Returned from a poll: `return Pending;`.
inline constexpr PendingType Pending{};

/// "Done, and here is the value." Returned from a poll: `return Ready(3);`, or `return Ready();` where there is no value.
template <class T = void>
class [[nodiscard]] Ready {
  public:
    constexpr explicit Ready(T value) : value_(std::move(value)) {}

    /// The value. Called to look at it: by `==`, by a test that prints it.
    constexpr const T& value() const noexcept { return value_; }
    /// Gives the value away. Called by `Poll` when it is made from a `Ready`.
    constexpr T&& take() && noexcept { return std::move(value_); }

  private:
    T value_;
};

template <>
class [[nodiscard]] Ready<void> {
  public:
    constexpr Ready() = default;
};

template <class T>
Ready(T) -> Ready<T>;
Ready() -> Ready<void>;

/// The answer of one poll: `Ready` with a `T`, or `Pending`.
///
/// Made by `return Ready(value);` or `return Pending;`. Whoever polled asks `is_ready()` first and then takes `value()`.
template <class T>
class [[nodiscard]] Poll {
    static_assert(!std::is_reference_v<T>, "Poll<T&>: return a pointer or a std::reference_wrapper instead");

  public:
    using Value = T;

    Poll(PendingType) noexcept {}

    template <class U>
        requires std::constructible_from<T, U>
    Poll(Ready<U> ready) : value_(std::in_place, std::move(ready).take()) {}

    Poll(T) = delete;  // a bare value is no answer: return Ready(value)

    /// True if there is a value to take.
    bool is_ready() const noexcept { return value_.has_value(); }
    /// True if the work is not done: poll again after the next wake.
    bool is_pending() const noexcept { return !is_ready(); }

    /// The value. Call it only when `is_ready()`; throws `std::bad_optional_access` otherwise.
    T& value() & { return value_.value(); }
    const T& value() const& { return value_.value(); }
    T&& value() && { return std::move(value_).value(); }

    /// Ready(f(value)) if there is a value, else Pending. Called to turn one answer into another without looking inside.
    template <std::invocable<T&&> F>
    auto map(F&& f) && -> Poll<std::invoke_result_t<F, T&&>> {
        using U = std::invoke_result_t<F, T&&>;
        if (is_pending()) {
            return Pending;
        }
        if constexpr (std::is_void_v<U>) {
            std::forward<F>(f)(std::move(*value_));
            return Ready();
        } else {
            return Ready<U>(std::forward<F>(f)(std::move(*value_)));
        }
    }

    friend bool operator==(const Poll& poll, PendingType) noexcept { return poll.is_pending(); }
    template <class U>
        requires std::equality_comparable_with<T, U>
    friend bool operator==(const Poll& poll, const Ready<U>& ready) {
        return poll.is_ready() && *poll.value_ == ready.value();
    }
    friend bool operator==(const Poll& a, const Poll& b)
        requires std::equality_comparable<T>
    = default;

  private:
    std::optional<T> value_;
};

/// The answer of a poll that has nothing to hand over but the news.
template <>
class [[nodiscard]] Poll<void> {
  public:
    using Value = void;

    Poll(PendingType) noexcept {}
    Poll(Ready<void>) noexcept : ready_(true) {}

    /// True if the work is done.
    bool is_ready() const noexcept { return ready_; }
    /// True if the work is not done: poll again after the next wake.
    bool is_pending() const noexcept { return !is_ready(); }

    /// Does nothing; there so that code for any `T` can say `value()`.
    void value() const noexcept {}

    /// Ready(f()) if done, else Pending.
    template <std::invocable F>
    auto map(F&& f) && -> Poll<std::invoke_result_t<F>> {
        using U = std::invoke_result_t<F>;
        if (is_pending()) {
            return Pending;
        }
        if constexpr (std::is_void_v<U>) {
            std::forward<F>(f)();
            return Ready();
        } else {
            return Ready<U>(std::forward<F>(f)());
        }
    }

    friend bool operator==(const Poll& poll, PendingType) noexcept { return poll.is_pending(); }
    friend bool operator==(const Poll& poll, Ready<void>) noexcept { return poll.is_ready(); }
    friend bool operator==(const Poll&, const Poll&) noexcept = default;

  private:
    bool ready_ = false;
};

}  // namespace rt

/// Prints `Ready(3)`, `Ready` (for `Poll<void>`) or `Pending`; a `T` that fmt cannot print shows as `Ready(…)`.
template <class T>
struct fmt::formatter<rt::Poll<T>> {
    constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }

    template <class FormatContext>
    auto format(const rt::Poll<T>& poll, FormatContext& context) const {
        std::string const text = in_words(poll);
        return std::copy(text.begin(), text.end(), context.out());
    }

  private:
    static std::string in_words(const rt::Poll<T>& poll) {
        if (poll.is_pending()) {
            return "Pending";
        }
        if constexpr (std::is_void_v<T>) {
            return "Ready";
        } else if constexpr (fmt::is_formattable<T>::value) {
            return fmt::format("Ready({})", poll.value());
        } else {
            return "Ready(…)";
        }
    }
};
