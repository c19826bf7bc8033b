/// \file
/// Given: safe printing. `rt::visible` makes control characters in a stranger's text visible. `rt::eprintln` prints an error
/// line. It never throws, even if stderr is full or closed.
///
/// Thread safety: any thread may call anything here.
///
/// Source: Rust's `eprintln!` and `str::escape_debug`.
#pragma once

#include <rt/sync.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace rt {

namespace detail {

/// How many bytes the first character of `text` has. 0 if it is not UTF-8, or a control character other than a tab.
inline std::size_t size_of_printable(std::string_view text) noexcept {
    auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) {
        return lead == '\t' || (lead >= ' ' && lead != 0x7f) ? 1 : 0;
    }
    const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    // With a smaller second byte, the character would be a control character or have a shorter form.
    const unsigned least = lead == 0xc2 || lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < size || byte(1) < least) {
        return 0;
    }
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

/// True if `line` was not passed here before. Remembers 16 lines, and returns false for every other line after that.
inline bool is_new(const std::string& line) {
    static Mutex mutex;
    // Never destroyed, because a thread may print until the very end.
    static auto* const seen = new std::set<std::string>;
    Lock lock(mutex);
    return seen->size() < 16 && seen->insert(line).second;
}

}  // namespace detail

/// `text` without control characters, which could command a terminal. Each byte of a control character, and each byte
/// that is not UTF-8, becomes four characters, such as `\x1b`. A tab stays a tab.
inline std::string visible(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const std::size_t size = detail::size_of_printable(text);
        result += size == 0 ? fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]))
                            : std::string(text.substr(0, size));
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return result;
}

/// Prints a line to stderr, as `visible` returns it. Never throws, so a program that can't print its error goes on.
template <class... Args>
void eprintln(fmt::format_string<Args...> format, Args&&... args) noexcept {
    try {
        const std::string line = visible(fmt::format(format, std::forward<Args>(args)...)) + '\n';
        std::fwrite(line.data(), 1, line.size(), stderr);
    } catch (...) {
        // There is no memory for the line.
    }
}

/// As `eprintln`, but prints each line only once, and at most 16 different lines. For errors that a stranger can cause
/// again and again.
template <class... Args>
void eprintln_once(fmt::format_string<Args...> format, Args&&... args) noexcept {
    try {
        if (const std::string line = fmt::format(format, std::forward<Args>(args)...); detail::is_new(line)) {
            eprintln("{}", line);
        }
    } catch (...) {
        // There is no memory for the line.
    }
}

}  // namespace rt
