/// \file
/// `Poll<T>`: the answer to "are you done?". It is `Ready` with a value, or `Pending`, which means "not yet".
///
/// Called by: every `poll` function returns one, from this lesson to the last.
/// Source: Rust's `std::task::Poll`.
#pragma once

#include <rt/todo.hpp>

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

/// "Not yet." Return it from a poll: `return Pending;`.
inline constexpr PendingType Pending{};

/// "Done, and here is the value." Return it from a poll: `return Ready(3);`, or `return Ready();` without a value.
template <class T = void>
class [[nodiscard]] Ready {
  public:
    constexpr explicit Ready(T value) : value_(std::move(value)) {}

    /// The value, to compare or to print it.
    constexpr const T& value() const noexcept { return value_; }
    /// Moves the value out. Called by the constructor of `Poll`.
    constexpr T&& take() && noexcept { return std::move(value_); }

  private:
    T value_;
};

template <>
class [[nodiscard]] Ready<void> {
  public:
    constexpr Ready() = default;
};

// Deduction guides: they tell the compiler which `Ready<T>` the expressions `Ready(3)` and `Ready()` create.
template <class T>
Ready(T) -> Ready<T>;
Ready() -> Ready<void>;

/// The answer of one poll: `Ready` with a `T`, or `Pending`.
///
/// A function returns `Ready(value)` or `Pending`, and both convert to a `Poll`. The caller checks `is_ready()` before it
/// takes the `value()`.
template <class T>
class [[nodiscard]] Poll {
    static_assert(!std::is_reference_v<T>,
                  "a Poll can't hold a reference. Return a pointer or a std::reference_wrapper instead.");

  public:
    using Value = T;

    Poll(PendingType) noexcept {}

    template <class U>
        requires std::constructible_from<T, U>
    Poll(Ready<U> ready) {
        // TODO(01.1) Keep the value that `ready` holds. It may be of a type that can't be copied.
        todo("01.1 keep the value of Ready", ready);
    }

    Poll(T) = delete;  // A bare value is not an answer. Write: return Ready(value);

    /// True if there is a value to take.
    bool is_ready() const noexcept {
        // TODO(01.1) Return true if this answer holds a value.
        todo("01.1 tell whether there is a value");
    }
    /// True if the work is not done yet.
    bool is_pending() const noexcept { return !is_ready(); }

    /// The value. Throws `std::bad_optional_access` if the answer is Pending.
    T& value() & { return value_.value(); }
    const T& value() const& { return value_.value(); }
    T&& value() && { return std::move(value_).value(); }

    /// Ready with `f(value)`, or Pending if there is no value. So the caller needs no `is_ready()` to change the value.
    template <std::invocable<T&&> F>
    auto map(F&& f) && -> Poll<std::invoke_result_t<F, T&&>> {
        // TODO(01.2) Return Ready with what `f` returns for the value. If `f` returns void, return Ready(). If there is
        // no value, return Pending.
        todo("01.2 map the value", f);
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

// Given: `Poll<void>`, because there is no `std::optional<void>`. One bool takes its place.
/// The answer of a poll that has no value to hand over.
template <>
class [[nodiscard]] Poll<void> {
  public:
    using Value = void;

    Poll(PendingType) noexcept {}
    Poll(Ready<void>) noexcept : ready_(true) {}

    /// True if the work is done.
    bool is_ready() const noexcept { return ready_; }
    /// True if the work is not done yet.
    bool is_pending() const noexcept { return !is_ready(); }

    /// Does nothing. With it, code for any `T` can call `value()` without asking what `T` is.
    void value() const noexcept {}

    /// Ready with `f()` if the work is done, Pending otherwise.
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

// Given: printing.
/// Prints `Ready(3)` or `Pending`, and `Ready` for a `Poll<void>`. A value that fmt can't print shows as `Ready(…)`.
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
