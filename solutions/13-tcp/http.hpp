/// \file
/// Given: what the program knows of HTTP. You use `longest_answer` and `check_answer`.
#pragma once

#include <rt/print.hpp>
#include <rt/sys.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

/// An answer is kept in memory, so a server must not be able to send one without end.
inline constexpr std::size_t longest_answer = std::size_t{16} * 1024 * 1024;

/// Throws if there is no answer, or if the connection ended before the answer was whole: in its header, or before as many bytes
/// had come as the header's Content-Length says. An answer without a header is whole.
inline void check_answer(std::string_view answer) {
    if (answer.empty()) {
        throw std::runtime_error("the server ended the connection without an answer");
    }
    if (!answer.starts_with("HTTP/")) {
        return;
    }
    const std::size_t end = answer.find("\r\n\r\n");
    if (end == answer.npos) {
        throw std::runtime_error("the answer was cut short in its header");
    }
    std::string header(answer.substr(0, end));
    std::ranges::transform(header, header.begin(),
                           [](char c) { return 'A' <= c && c <= 'Z' ? char(c + ('a' - 'A')) : c; });
    constexpr std::string_view name = "\r\ncontent-length:";
    const std::size_t field = header.find(name);
    if (field == header.npos) {
        return;
    }
    const std::size_t digits = std::min(header.find_first_not_of(' ', field + name.size()), header.size());
    std::size_t length = 0;
    std::from_chars(header.data() + digits, header.data() + header.size(), length);
    const std::size_t body = answer.size() - (end + 4);
    if (body < length) {
        throw std::runtime_error(fmt::format("the answer was cut short: {} of {} bytes came", body, length));
    }
}

/// Prints `answer` byte for byte. On a terminal, prints each line as `rt::visible` shows it.
inline void print_answer(std::string_view answer) {
    if (!rt::sys::is_terminal(1)) {
        std::fwrite(answer.data(), 1, answer.size(), stdout);
        return;
    }
    while (!answer.empty()) {
        const std::size_t end = std::min(answer.find('\n'), answer.size() - 1) + 1;
        std::string_view line = answer.substr(0, end);
        answer.remove_prefix(end);
        line.remove_suffix(line.ends_with("\r\n") ? 2 : line.ends_with('\n') ? 1 : 0);
        fmt::print("{}\n", rt::visible(line));
    }
}
