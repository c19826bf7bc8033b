/// \file
/// How a failed assertion shows the course's values: `Pending`, `Ready(3)`.
///
/// It does not use the learner's own formatter of Poll, which may be the very thing that fails.
#pragma once

#include <rt/poll.hpp>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace support {

/// Any value as text: as fmt prints it, else "…".
template <class T>
std::string show(const T& value) {
    if constexpr (fmt::is_formattable<T>::value) {
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
    static doctest::String convert(const std::vector<T>& values) {
        std::string text;
        for (const T& value : values) {
            text += (text.empty() ? "" : ", ") + support::show(value);
        }
        return ("[" + text + "]").c_str();
    }
};

template <class T>
struct doctest::StringMaker<std::optional<T>> {
    static doctest::String convert(const std::optional<T>& value) {
        return value ? support::show(*value).c_str() : "nothing";
    }
};

template <class Rep, class Period>
struct doctest::StringMaker<std::chrono::duration<Rep, Period>> {
    static doctest::String convert(std::chrono::duration<Rep, Period> value) {
        return fmt::format("{} s", std::chrono::duration<double>(value).count()).c_str();
    }
};
