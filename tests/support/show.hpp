/// \file
/// How a failed assertion shows the course's values: `Pending`, `Ready(3)`.
///
/// It doesn't use the formatter of `Poll`, because that may be the code that fails.
#pragma once

#include <rt/poll.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace support {

namespace detail {

/// Types that this file prints itself. Asking fmt whether it can print a type is slow to compile.
template <class T>
inline constexpr bool is_printed_here = false;
template <class T>
inline constexpr bool is_printed_here<rt::Poll<T>> = true;
template <class T>
inline constexpr bool is_printed_here<rt::Ready<T>> = true;
template <class T>
inline constexpr bool is_printed_here<std::vector<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;

}  // namespace detail

template <class T>
std::string show(const T& value);

/// Appends an element of a larger value. Strings get quotes.
template <class T>
void add_part(std::string& text, const T& part) {
    if (!text.empty()) {
        text += ", ";
    }
    if constexpr (std::is_same_v<T, std::string>) {
        text += '"' + part + '"';
    } else {
        text += show(part);
    }
}

/// Any value as text, such as `[1, 2]` or `(1, "two")`. Other types appear as fmt prints them, or as "…".
template <class T>
std::string show(const T& value) {
    if constexpr (detail::is_vector<T>) {
        std::string text;
        for (const auto& part : value) {
            add_part(text, part);
        }
        return '[' + text + ']';
    } else if constexpr (detail::is_tuple<T>) {
        std::string text;
        std::apply([&text](const auto&... part) { (add_part(text, part), ...); }, value);
        return '(' + text + ')';
    } else if constexpr (std::is_same_v<T, std::monostate>) {
        return "the news alone";
    } else if constexpr (fmt::is_formattable<T>::value) {
        return fmt::format("{}", value);
    } else {
        return "…";
    }
}

}  // namespace support

template <class T>
struct doctest::StringMaker<rt::Poll<T>> {
    static doctest::String convert(const rt::Poll<T>& poll) {
        if (poll.is_pending()) {
            return "Pending";
        }
        if constexpr (std::is_void_v<T>) {
            return "Ready";
        } else {
            return fmt::format("Ready({})", support::show(poll.value())).c_str();
        }
    }
};

template <>
struct doctest::StringMaker<rt::PendingType> {
    static doctest::String convert(rt::PendingType) { return "Pending"; }
};

template <class T>
struct doctest::StringMaker<rt::Ready<T>> {
    static doctest::String convert(const rt::Ready<T>& ready) {
        if constexpr (std::is_void_v<T>) {
            return "Ready";
        } else {
            return fmt::format("Ready({})", support::show(ready.value())).c_str();
        }
    }
};

template <class T>
struct doctest::StringMaker<std::vector<T>> {
    static doctest::String convert(const std::vector<T>& values) { return support::show(values).c_str(); }
};

template <class T>
struct doctest::StringMaker<std::optional<T>> {
    static doctest::String convert(const std::optional<T>& value) {
        return value ? support::show(*value).c_str() : "nothing";
    }
};

template <>
struct doctest::StringMaker<std::nullopt_t> {
    static doctest::String convert(std::nullopt_t) { return "nothing"; }
};

template <>
struct doctest::StringMaker<std::monostate> {
    static doctest::String convert(std::monostate) { return support::show(std::monostate()).c_str(); }
};

template <>
struct doctest::StringMaker<std::exception_ptr> {
    static doctest::String convert(const std::exception_ptr& error) { return error ? "an exception" : "no exception"; }
};

/// Types that fmt can print and a stream can't.
template <class T>
    requires(std::is_class_v<T> && !support::detail::is_printed_here<T> && fmt::is_formattable<T>::value &&
             !doctest::detail::has_insertion_operator<T>::value)
struct doctest::StringMaker<T> {
    static doctest::String convert(const T& value) { return support::show(value).c_str(); }
};

template <class Duration>
struct doctest::StringMaker<std::chrono::time_point<std::chrono::steady_clock, Duration>> {
    static doctest::String convert(std::chrono::time_point<std::chrono::steady_clock, Duration> value) {
        return fmt::format("{} s on the clock", std::chrono::duration<double>(value.time_since_epoch()).count())
            .c_str();
    }
};

template <class Rep, class Period>
struct doctest::StringMaker<std::chrono::duration<Rep, Period>> {
    static doctest::String convert(std::chrono::duration<Rep, Period> value) {
        return fmt::format("{} s", std::chrono::duration<double>(value).count()).c_str();
    }
};
